import { urlOf } from './url-of.js';

/** Maximum length of a URL in characters, both as given and as normalised. */
const MAX_URL_LENGTH = 8192;

/** A normalised webhook URL, or why it is refused. */
export type ParsedUrl = { ok: true; url: string } | { ok: false; reason: string };

/** Whether a text is meant as a URL and not as a name: it contains `://`. */
export function looksLikeUrl(text: string): boolean {
  return text.includes('://');
}

/**
 * Checks and normalises a webhook URL: absolute, http or https, with a host,
 * without white space, control characters or a fragment. Credentials are
 * allowed. The result parses to itself.
 *
 * A reason is a clause such as `the URL has no host`; it never contains the
 * URL, which may be a secret.
 *
 * @see https://url.spec.whatwg.org/#url-parsing
 */
export function parseWebhookUrl(text: string): ParsedUrl {
  const reason = problemOf(text);
  if (reason !== undefined) return { ok: false, reason };
  const parsed = urlOf(text);
  if (parsed === undefined) return { ok: false, reason: 'the URL is not valid' };
  const { href: url, hostname, port } = parsed;
  if (port === '0') return { ok: false, reason: 'the port of the URL is 0, on which no server can listen' };
  // Such a host does not exist, and the spool ignores directories whose names begin with a dot.
  if (hostname.startsWith('.')) return { ok: false, reason: 'the host of the URL begins with a dot' };
  // A URL that was written into an event file must be accepted when the file is read.
  return url.length > MAX_URL_LENGTH ? { ok: false, reason: TOO_LONG } : { ok: true, url };
}

const TOO_LONG = 'the URL is longer than 8,192 characters';

/** Faults that the URL parser would repair by dropping characters or guessing. */
function problemOf(text: string): string | undefined {
  if (text === '') return 'the URL is empty';
  if (text.length > MAX_URL_LENGTH) return TOO_LONG;
  if (/[\s\p{Cc}]/u.test(text)) return 'the URL contains white space or a control character';
  if (!/^https?:\/\//i.test(text)) return 'the URL does not begin with https:// or http://';
  if (/^https?:\/\/(?:[/\\?#]|$)/i.test(text)) return 'the URL has no host';
  if (text.includes('#')) return 'the URL has a fragment (from # on), which is never sent';
  return undefined;
}
