import { mayBeUrl } from '../shared/shown.js';
import { isEventId } from './event-id.js';
import { parseTime } from './event-time.js';
import { isHookName } from './hook-name.js';
import type { JsonMember } from './json-span.js';
import { topLevelMembers } from './json-span.js';
import { parseWebhookUrl } from './webhook-url.js';

/** The checked header of an event or batch. Missing members are filled in at intake. */
export interface ParsedHeader {
  id?: string;
  hook?: string;
  /** Normalised; at least one. */
  to?: readonly string[];
  /** ISO 8601 in UTC. */
  time?: string;
}

/** Why a file cannot be read: a clause for a person, without a full stop. */
export interface Unreadable {
  ok: false;
  reason: string;
}

/** A header, and the span of the `payload` next to it, if present. */
export type HeaderResult = { ok: true; header: ParsedHeader; payload?: JsonMember } | Unreadable;

/** The maximum size of a header we write, and of one member of a header we read: 1 MiB. */
export const maxHeaderBytes: number = 1024 * 1024;

const MAX_SHOWN = 40;
/** Members of the format that this version does not support. Such an event is refused: sending it would be wrong. */
const PLANNED: readonly string[] = ['headers', 'notBefore', 'expires', 'key', 'traceparent'];
const KNOWN: ReadonlySet<string> = new Set(['capnhook', 'id', 'hook', 'to', 'time', 'payload', ...PLANNED]);

/**
 * Parses the header members of an event file or of a batch's first line:
 * `capnhook`, `id`, `hook`, `to`, `time`. Each may appear once; `hook` or `to`
 * is required. Planned members are refused by name, unknown ones are ignored.
 *
 * @param bytes a valid JSON object in UTF-8
 */
export function parseHeader(bytes: Uint8Array): HeaderResult {
  const members = new Map<string, JsonMember>();
  for (const member of topLevelMembers(bytes, KNOWN)) {
    if (members.has(member.key)) return unreadable(`the member "${member.key}" appears twice`);
    members.set(member.key, member);
  }

  const values = new Map<string, unknown>();
  for (const { key, start, end } of members.values()) {
    if (key === 'payload') continue;
    if (end - start > maxHeaderBytes) return unreadable(`the member "${key}" is larger than 1 MiB`);
    values.set(key, JSON.parse(textOf(bytes, start, end)));
  }

  const header: ParsedHeader = {};
  const reason =
    // The format comes first: a newer one may have changed the meaning of the other members.
    formatProblem(values.get('capnhook')) ??
    plannedProblem(members) ??
    readId(values.get('id'), header) ??
    readHook(values.get('hook'), header) ??
    readTo(values.get('to'), header) ??
    readTime(values.get('time'), header);
  if (reason !== undefined) return unreadable(reason);
  if (header.hook === undefined && header.to === undefined)
    return unreadable('neither "hook" nor "to" in it');
  const payload = members.get('payload');
  return payload === undefined ? { ok: true, header } : { ok: true, header, payload };
}

/** Builds an {@link Unreadable}. */
export function unreadable(reason: string): Unreadable {
  return { ok: false, reason };
}

function formatProblem(value: unknown): string | undefined {
  if (value === undefined || value === 1) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 1) {
    return `a newer capnhook wrote it (format ${value}; this one reads format 1)`;
  }
  return 'the member "capnhook" is not 1';
}

function plannedProblem(members: ReadonlyMap<string, JsonMember>): string | undefined {
  const planned = PLANNED.find((key) => members.has(key));
  return planned && `the member "${planned}" is not supported by this version of capnhook`;
}

// Each of these functions sets one member of the header, or returns the problem with it.

function readId(value: unknown, header: ParsedHeader): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !isEventId(value)) return `the id ${shown(value)}is not valid`;
  header.id = value;
  return undefined;
}

function readHook(value: unknown, header: ParsedHeader): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !isHookName(value)) return `the hook ${shown(value)}is not a valid name`;
  header.hook = value;
  return undefined;
}

function readTo(value: unknown, header: ParsedHeader): string | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return 'the member "to" is not a list of URLs';
  if (value.length === 0) return 'the list "to" is empty: the event would have no receiver';
  const urls: string[] = [];
  for (const [index, entry] of value.entries()) {
    const where = `entry ${index + 1} of "to"`;
    if (typeof entry !== 'string') return `${where} is not a string`;
    const parsed = parseWebhookUrl(entry);
    if (!parsed.ok) return `${where}: ${parsed.reason}`;
    urls.push(parsed.url);
  }
  header.to = urls;
  return undefined;
}

function readTime(value: unknown, header: ParsedHeader): string | undefined {
  if (value === undefined) return undefined;
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  if (time === undefined) return `the time ${shown(value)}is not an ISO 8601 date-time with a zone`;
  header.time = time;
  return undefined;
}

/**
 * Quotes the beginning of a string as printable ASCII, followed by a space.
 * Empty for other values, and for text that may be a URL, because URLs are secrets.
 */
function shown(value: unknown): string {
  if (typeof value !== 'string' || mayBeUrl(value)) return '';
  const quoted = JSON.stringify(value.slice(0, MAX_SHOWN));
  const ascii = quoted.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return value.length > MAX_SHOWN ? `${ascii}... ` : `${ascii} `;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
