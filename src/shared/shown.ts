/** Whether a text may be a URL, with or without its scheme. */
export function mayBeUrl(text: string): boolean {
  return /[/?@]|^https?:/i.test(text);
}

/**
 * Quotes a misplaced argument for a message, at most 60 characters of it. Text
 * that may be a URL is not shown, because URLs are secrets.
 */
export function shown(text: string): string {
  if (text.includes('://')) return 'a URL';
  return mayBeUrl(text) ? 'what was given' : JSON.stringify(text.slice(0, 60));
}
