/** What is kept of a failed answer: its body without secrets, and one line of it for a person. Pure. */
import { visible } from '../../shared/visible.js';
import type { AttemptAnswer } from '../sender.js';
import type { Mask } from './mask.js';

/** The beginning of a failed answer's body. */
export interface FailedBody {
  /** Perhaps a little more than is kept. */
  bytes: Buffer;
  /** Whether there was more. */
  isCut: boolean;
}

/** Maximum length of a body that is kept, in bytes of UTF-8. */
const MAX_BODY_BYTES = 8192;

/** Maximum length of an excerpt, in bytes of UTF-8. */
const MAX_EXCERPT_BYTES = 300;

/** A failed answer with the beginning of its body and an excerpt, both without secrets. */
export function describeAnswer(
  answer: AttemptAnswer,
  { bytes, isCut, mask }: FailedBody & { mask: Mask },
): AttemptAnswer {
  if (bytes.length === 0) return answer;
  const text = toText(bytes);
  if (text === undefined) return { ...answer, body: `(${bytes.length} bytes that are not text)` };
  const masked = mask(text, { isCut: isCut || bytes.length > MAX_BODY_BYTES });
  const body = cutTo(masked, MAX_BODY_BYTES);
  // What JSON escapes may be a secret only when it is read.
  const line = withoutStatus(excerptOf(masked, answer.contentType), answer.status);
  const excerpt = cutTo(mask(line), MAX_EXCERPT_BYTES);
  return excerpt === '' ? { ...answer, body } : { ...answer, body, excerpt };
}

/** Text of UTF-8, or else of Latin-1; undefined where it is compressed, an image or the like: no secret would be found in it. */
function toText(bytes: Buffer): string | undefined {
  if (bytes.includes(0) || isCompressed(bytes)) return undefined;
  try {
    // A character may be cut off at the end.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return bytes.toString('latin1');
  }
}

/** By its first bytes: gzip, zstd. Others nearly always have a byte of value 0. */
function isCompressed(bytes: Buffer): boolean {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b) || bytes.subarray(0, 4).equals(ZSTD);
}

const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * One line for a person: `title` and `detail` of a problem document (RFC 9457),
 * or else what a JSON object most often says it in, or else the first line that
 * is not empty.
 */
function excerptOf(body: string, contentType = ''): string {
  const isHtml = /html/i.test(contentType) || /^\s*<(?:!doctype|html)/i.test(body);
  const text = fromJson(body) ?? (isHtml ? fromHtml(body) : body);
  const line = text.split(/[\r\n\u2028\u2029]/).find((each) => each.trim() !== '') ?? '';
  return visible(line.replace(/[ \t]+/g, ' ').trim());
}

/** Proxies say `413 Payload Too Large`; the line that shows it begins with the number. */
function withoutStatus(line: string, status: number): string {
  const rest = line.startsWith(`${status}`) ? line.slice(`${status}`.length) : line;
  return /^(?:$|[\s:\u2013\u2014-])/.test(rest) ? rest.replace(/^[\s:\u2013\u2014-]+/, '') : line;
}

function fromJson(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined; // plain text, or JSON that was cut off
  }
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const members = value as Record<string, unknown>;
  const said = ['title', 'detail'].map((name) => members[name]).filter(isSaid);
  if (said.length > 0) return [...new Set(said)].join(': ');
  const { message, error, error_description: description } = members;
  const first = [message, description, error].find(isSaid);
  return first ?? JSON.stringify(value);
}

function isSaid(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

/** The title of a page, or its first words. */
function fromHtml(body: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim();
  if (title) return title;
  return body.replace(/<(script|style)\b.*?<\/\1\s*>/gis, ' ').replace(/<[^>]*>/g, '\n');
}

/** The beginning of a text, in whole characters. */
function cutTo(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text).subarray(0, maxBytes - ELLIPSIS_BYTES);
  return `${new TextDecoder('utf-8').decode(bytes, { stream: true })}…`;
}

const ELLIPSIS_BYTES = Buffer.byteLength('…');
