/**
 * The head of an answer, read leniently from its bytes: what a strict parser
 * refuses (a line feed alone, a folded header, equal `Content-Length` twice)
 * changes nothing about the status. Pure.
 */

/** The status of an answer (100 to 999), or whether it may still come. */
export type StatusLine = number | 'partial' | 'none';

/** Longest beginning of an answer that is searched for its status, in bytes. */
const MAX_STATUS_BYTES = 64;

const STATUS = /^HTTP\/\d{1,2}(?:\.\d{1,2})?[ \t]+([1-9]\d\d)[ \t\r\n]/i;

/** A beginning of what {@link STATUS} matches. */
const PARTIAL =
  /^(?:$|H(?:$|T(?:$|T(?:$|P(?:$|\/(?:$|\d{1,2}(?:$|\.\d{0,2}$|(?:\.\d{1,2})?[ \t]+\d{0,3}$)))))))/i;

/**
 * Reads the status line at the beginning of an answer. Three digits that
 * something else follows are enough: the reason phrase says nothing.
 */
export function readStatus(bytes: Buffer): StatusLine {
  const usual = readUsualStatus(bytes);
  if (usual !== undefined) return usual;
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, MAX_STATUS_BYTES));
  const status = STATUS.exec(text)?.[1];
  if (status !== undefined) return Number(status);
  return bytes.length < MAX_STATUS_BYTES && PARTIAL.test(text) ? 'partial' : 'none';
}

const USUAL = Buffer.from('HTTP/1.1 ');

/** The status where the line is the usual one, `HTTP/1.1 200 …`: nearly every answer begins so. */
function readUsualStatus(bytes: Buffer): number | undefined {
  if (bytes.length < 13 || bytes[12] !== 0x20 || bytes.compare(USUAL, 0, 9, 0, 9) !== 0) return undefined;
  const [hundreds, tens, ones] = [bytes[9]! - 0x30, bytes[10]! - 0x30, bytes[11]! - 0x30];
  const isStatus = hundreds > 0 && hundreds < 10 && tens >= 0 && tens < 10 && ones >= 0 && ones < 10;
  return isStatus ? 100 * hundreds + 10 * tens + ones : undefined;
}

/**
 * Where the empty line behind a head ends; less than 0 if it has not come yet.
 * Lines end with a line feed, with or without a carriage return before it.
 *
 * @param from where to begin to look
 */
export function endOfHead(bytes: Buffer, from = 0): number {
  const last = bytes.length - 1;
  for (let at = from; at < last; at += 1) {
    if (bytes[at] !== LINE_FEED) continue;
    if (bytes[at + 1] === LINE_FEED) return at + 2;
    if (bytes[at + 1] === CARRIAGE_RETURN && bytes[at + 2] === LINE_FEED) return at + 3;
  }
  return -1;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** How many bytes of line breaks there are at the beginning; a server may send some before a status line. */
export function blankBytes(bytes: Buffer): number {
  let count = 0;
  while (bytes[count] === 0x0d || bytes[count] === 0x0a) count += 1;
  return count;
}

/** A header's name in lower case, and its value. */
export type Header = readonly [name: string, value: string];

/** The headers of a head, as far as they can be read. A folded line belongs to the one above it. */
export function readHeaders(head: Buffer): Header[] {
  const [, ...lines] = head.toString('latin1').split(/\r?\n/);
  const headers: [string, string][] = [];
  for (const line of lines) {
    const last = headers.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] = `${last[1]} ${line.trim()}`.trim();
      continue;
    }
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** The length of a frame's header in HTTP/2, in bytes. */
export const HTTP2_BYTES = 9;

/**
 * Whether these bytes begin as a server of HTTP/2 does: with a frame `SETTINGS`
 * or `GOAWAY` of the connection (RFC 9113, sections 3.4 and 4.1).
 */
export function isHttp2(bytes: Buffer): boolean {
  const isOfConnection = bytes.length >= HTTP2_BYTES && bytes.readUInt32BE(5) === 0;
  return isOfConnection && bytes[0] === 0 && (bytes[3] === 4 || bytes[3] === 7);
}
