/**
 * Takes secrets out of what a receiver has answered, before anything of it is
 * kept or shown: the values of the endpoint's secrets, however they are
 * encoded, its URL and the parts of it that may be tokens, and all but the host
 * of any other URL. Rather too much is taken out than too little.
 */
import { urlOf } from '../../event/url-of.js';

/** A text without secrets. With `isCut` the text was cut off, perhaps in the middle of one. */
export type Mask = (text: string, options?: { isCut?: boolean }) => string;

/** What stands for a secret. */
const MASKED = '•••';

/** What an endpoint's requests are made with. */
export interface KnownSecrets {
  /** The endpoint's whole URL. */
  url: string;
  /** Values of headers and credentials; shorter ones than {@link MIN_LITERAL} count only where they are references. */
  values: readonly { text: string; isReference: boolean }[];
  /** Keys to sign with, as they are written. */
  keys: readonly string[];
}

/** A shorter text is not masked: it would be found in every other word. */
const MIN_SECRET = 3;

/** A shorter header value that stands in the hooks file as it is (`prod`, `v2`) is not masked, either. */
const MIN_LITERAL = 6;

/** A shorter beginning or middle of base64 or hexadecimal digits may be anything. */
const MIN_ENCODED = 8;

/** A shorter part of a URL is not a token. */
const MIN_TOKEN = 5;

/** Parts of URLs that are ordinary words. */
const ORDINARY: ReadonlySet<string> = new Set(
  `alert alerts callback callbacks channel channels chat complete deploy event events hooks inbound incoming
  ingest input listen message messages notification notifications notify order orders payload project projects
  public receive receiver receivers report reports service services status trigger triggers update updates users
  webhook webhooks workflow workflows`.split(/\s+/),
);

const WHOLE_URL = /\bhttps?:(?:\\?\/){2}[^\s"'<>`]*/gi;

/** Makes a mask; nothing is worked out before it is used. */
export function createMask(known: () => KnownSecrets): Mask {
  let pattern: RegExp | undefined;
  let forms: readonly string[] = [];

  function prepare(): RegExp {
    forms = formsOf(known());
    return new RegExp(forms.length === 0 ? '(?!)' : forms.map(inAnyUrl).join('|'), 'gi');
  }

  return (text, { isCut = false } = {}) => {
    pattern ??= prepare();
    const whole = text.replace(WHOLE_URL, shortUrl).replace(pattern, MASKED);
    return isCut ? withoutBeginning(whole, forms) : whole;
  };
}

/** Only the scheme and the host of a URL. */
function shortUrl(url: string): string {
  const [, scheme, authority = '', rest = ''] = /^(https?:)(?:\\?\/){2}([^/\\?#]*)(.*)$/is.exec(url) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return rest === '' || rest === '/' ? `${scheme}//${host}${rest}` : `${scheme}//${host}/${MASKED}`;
}

/** Everything to be taken out, the longest first. */
function formsOf({ url, values, keys }: KnownSecrets): string[] {
  const secrets = new Set<string>();
  const add = (text: string, min: number) => {
    if (text.length >= min) secrets.add(text);
  };
  for (const part of partsOfUrl(url)) secrets.add(part);
  for (const { text, isReference } of values) {
    const min = isReference ? MIN_SECRET : MIN_LITERAL;
    add(text, min);
    // `Bearer …`: the receiver may echo the token alone.
    const [, ...words] = text.split(/[\s,;=]+/);
    for (const word of words) add(word, MIN_LITERAL);
    add(decodedCredentials(text), MIN_SECRET);
    add(decodedCredentials(text).replace(/^[^:]*:/, ''), MIN_SECRET);
  }
  for (const key of keys) {
    add(key, MIN_SECRET);
    const bare = key.replace(/^wh[a-z]{1,3}_/, '');
    add(bare, MIN_SECRET);
    add(Buffer.from(bare, 'base64').toString('hex'), MIN_ENCODED);
  }
  const forms = new Set([...secrets].flatMap(encodingsOf));
  return [...forms].sort((a, b) => b.length - a.length);
}

function partsOfUrl(text: string): string[] {
  const url = urlOf(text);
  if (url === undefined) return text.length >= MIN_SECRET ? [text] : [];
  const { href, pathname, search, searchParams, username, password } = url;
  const parts = [href, `${pathname}${search}`, pathname, search.slice(1)].filter((part) => part.length > 1);
  const tokens = [...pathname.split(/[/;,=]/), ...searchParams.values()].filter(isToken);
  const credentials = [username, password].filter((part) => part.length >= MIN_SECRET);
  return [...parts, ...tokens, ...credentials];
}

function isToken(part: string): boolean {
  return part.length >= MIN_TOKEN && !ORDINARY.has(part.toLowerCase());
}

/** `user:password` of `Basic …` (RFC 7617), or an empty text. */
function decodedCredentials(header: string): string {
  const [, base64 = ''] = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(header) ?? [];
  return Buffer.from(base64, 'base64').toString('latin1');
}

/** A text as it stands in JSON, HTML, URLs and plain text. */
function encodingsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const html = text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  const forms = [text, json, json.replaceAll('/', '\\/'), html, html.replaceAll("'", '&#39;')];
  const escaped = json.replace(/[&<>]|[^ -~]/g, unicodeEscape);
  forms.push(escaped, orItself(encodeURIComponent, text), orItself(decodeURIComponent, text));
  const bytes = Buffer.from(text);
  const opaque = [bytes.toString('hex'), ...base64Of(bytes)].filter((form) => form.length >= MIN_ENCODED);
  return [...forms.filter((form) => form.length >= 2), ...opaque];
}

/** What base64 always has of these bytes, in both alphabets, wherever in the encoded text they begin. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const from = Math.ceil((before * 8) / 6);
    const form = encoded.slice(from, Math.floor(((before + bytes.length) * 8) / 6));
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A text as a URL has it or had it; itself where it has a percent sign that encodes nothing, or half a character. */
function orItself(change: (text: string) => string, text: string): string {
  try {
    return change(text);
  } catch {
    return text;
  }
}

/** A text that was cut off: the beginning of a secret at its end goes, too. */
function withoutBeginning(text: string, forms: readonly string[]): string {
  const lower = text.slice(-8192).toLowerCase();
  let longest = 0;
  for (const form of forms) {
    for (let length = Math.min(form.length - 1, lower.length); length > Math.max(longest, 2); length -= 1) {
      if (!lower.endsWith(form.slice(0, length).toLowerCase())) continue;
      longest = length;
      break;
    }
  }
  return longest === 0 ? text : `${text.slice(0, -longest)}${MASKED}`;
}

/** A pattern of a text in which any of its ASCII characters but letters and digits may be percent-encoded, as libraries differ. */
function inAnyUrl(text: string): string {
  return text.replace(/[!-/:-@[-`{-~ ]/g, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    return character === ' ' ? '(?: |\\+|%20)' : `(?:\\x${hex}|%${hex})`;
  });
}
