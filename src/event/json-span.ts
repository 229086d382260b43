import { skipSpace } from './json-scan.js';

/** One member of an object: its key, decoded, and the bytes of its value. */
export interface JsonMember {
  key: string;
  /** The offset of the value's first byte. */
  start: number;
  /** The offset after the value's last byte. */
  end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE_BRACE = 0x7d;

/**
 * Finds an object's own members in the order of the text, duplicates included.
 * The spans exclude white space around the values.
 *
 * @param bytes one valid JSON object in UTF-8; the result is undefined for anything else
 * @param only the wanted keys; default all
 */
export function topLevelMembers(bytes: Uint8Array, only?: ReadonlySet<string>): JsonMember[] {
  const members: JsonMember[] = [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = skipSpace(bytes, skipSpace(bytes, 0) + 1);
  while (at < bytes.length && bytes[at] !== CLOSE_BRACE) {
    const keyEnd = stringEnd(bytes, at);
    const key = JSON.parse(text.toString('utf8', at, keyEnd)) as string;
    const start = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
    const end = valueEnd(bytes, start);
    if (only === undefined || only.has(key)) members.push({ key, start, end });
    at = skipSpace(bytes, end);
    if (bytes[at] !== CLOSE_BRACE) at = skipSpace(bytes, at + 1);
  }
  return members;
}

/** The offset after the value that begins at `start`. */
function valueEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = stringEnd(bytes, at);
    else if (isOpener(byte)) {
      depth += 1;
      at += 1;
    } else if (isCloser(byte)) {
      depth -= 1;
      at += 1;
    } else at = depth === 0 ? plainEnd(bytes, at) : at + 1;
    if (depth === 0) break;
  }
  return at;
}

/** The offset after a string's closing quote; `start` is its opening quote. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** The offset after a number or literal. */
function plainEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && !endsPlain(bytes[at]!)) at += 1;
  return at;
}

/** White space, a comma, or the end of the object. */
function endsPlain(byte: number): boolean {
  return byte <= 0x20 || byte === 0x2c || byte === CLOSE_BRACE;
}

/** `{` or `[`. */
function isOpener(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b;
}

/** `}` or `]`. */
function isCloser(byte: number): boolean {
  return byte === CLOSE_BRACE || byte === 0x5d;
}
