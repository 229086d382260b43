/** Whether a text may be a URL, with or without its scheme. */
export function mayBeUrl(text: string): boolean {
  return /[/?@]|^https?:/i.test(text);
}

/**
 * What somebody typed in the wrong place, for a message: quoted, and not at
 * all where it may be a URL, with or without its scheme. A URL is a secret.
 */
export function shown(text: string): string {
  if (text.includes('://')) return 'a URL';
  return mayBeUrl(text) ? 'what was given' : JSON.stringify(text.slice(0, 60));
}
