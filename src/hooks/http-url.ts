/** The URL that a text is, if it can be POSTed to: http or https, without white space or control characters. */
export function parseHttpUrl(text: string): URL | undefined {
  if (hasBlanks(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** Why a text is not such a URL; shows nothing of it but its scheme. */
export function whyNotHttpUrl(text: string): string | undefined {
  if (parseHttpUrl(text) !== undefined) return undefined;
  if (text === '') return 'this URL is empty';
  if (hasBlanks(text)) return 'this URL has white space or a control character in it';
  const scheme = /^([a-z][a-z0-9+.-]{0,15}):\/\//i.exec(text)?.[1];
  if (scheme === undefined || /^https?$/i.test(scheme))
    return 'this is not a URL; one looks like https://host/path';
  return `a URL must begin with https:// or http://, not with ${scheme}://`;
}

/** `new URL()` would drop some of these silently. */
function hasBlanks(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return /[\s\u0000-\u001f\u007f]/.test(text);
}
