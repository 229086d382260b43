import { mayBeUrl } from '../shared/shown.js';
import { isEventId } from './event-id.js';
import { parseTime } from './event-time.js';
import { isHookName } from './hook-name.js';
import type { JsonMember } from './json-span.js';
import { topLevelMembers } from './json-span.js';
import { parseWebhookUrl } from './webhook-url.js';

/** What an event's or batch's header says, checked; what it leaves out is filled in at intake. */
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

/** A header, and the span of the `payload` beside it, if there is one. */
export type HeaderResult = { ok: true; header: ParsedHeader; payload?: JsonMember } | Unreadable;

/** The largest header that is written, and the largest member of one that is read: 1 MiB. */
export const maxHeaderBytes: number = 1024 * 1024;

const MAX_SHOWN = 40;
/** Members that the format has, and this version does not obey: to send such an event all the same would be wrong. */
const PLANNED: readonly string[] = ['headers', 'notBefore', 'expires', 'key', 'traceparent'];
const KNOWN: ReadonlySet<string> = new Set(['capnhook', 'id', 'hook', 'to', 'time', 'payload', ...PLANNED]);

/**
 * Reads the header members of an event file or of a batch's first line:
 * `capnhook`, `id`, `hook`, `to`, `time`. Each may be given once; `hook` or
 * `to` must be. Planned members are refused by name, unknown ones left alone.
 *
 * @param bytes A JSON object in UTF-8, known to be valid.
 */
export function parseHeader(bytes: Uint8Array): HeaderResult {
  const members = new Map<string, JsonMember>();
  for (const member of topLevelMembers(bytes, KNOWN)) {
    if (members.has(member.key)) return unreadable(`the member "${member.key}" is there twice`);
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
    // A newer layout is said first: it may have changed what the other members mean.
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

// Each of these puts one member into the header, or returns why it cannot.

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
  if (value.length === 0) return 'the list "to" is empty: nobody would get the event';
  const urls: string[] = [];
  for (const [index, entry] of value.entries()) {
    const where = `entry ${index + 1} of "to"`;
    if (typeof entry !== 'string') return `${where} is not a text`;
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
 * The beginning of a text as printable ASCII in quotes, with a space behind
 * it; nothing for other values, and nothing for what may be a URL, a secret.
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
