/**
 * Events and batches as the bytes of their files. We write valid JSON (for a
 * batch, NDJSON) with the payload verbatim. We read any JSON layout, because
 * other programs write into the spool too. Reading never throws and copies no
 * payload.
 */
import { CapnhookError } from '../shared/errors.js';
import type { Batch, Event, EventHeader } from './event.js';
import { batchMemberId, isEventId } from './event-id.js';
import type { ParsedHeader, Unreadable } from './header.js';
import { maxHeaderBytes, parseHeader, unreadable } from './header.js';
import { explainJson } from './json-problem.js';
import { scanJson, skipSpace } from './json-scan.js';
import { topLevelMembers } from './json-span.js';
import { checkLine, checkPayloads, maxBatchBytes, maxPayloadBytes } from './payload.js';

export { maxHeaderBytes, type Unreadable } from './header.js';

/** An event file's content; `payload` is a view of the file's bytes. */
export interface ParsedEvent extends ParsedHeader {
  ok: true;
  payload: Uint8Array;
}

/** A batch file's content; event *n* has the payload `payloads[n - 1]`, a view of the file's bytes. */
export interface ParsedBatch extends ParsedHeader {
  ok: true;
  payloads: readonly Uint8Array[];
}

/** The largest event file that is read, in bytes. */
export const maxEventFileBytes: number = maxPayloadBytes + maxHeaderBytes;

/** The largest batch file that is read, in bytes. */
export const maxBatchFileBytes: number = maxBatchBytes + maxHeaderBytes;

/** The reason for refusing a line without its line feed. The writer may not have finished it. */
export const unended = 'it does not end in a line feed, and may be half written';

/**
 * Whether a last line without its line feed, which is JSON as it stands, may be half of another payload: a number may.
 * Whatever comes behind any other payload does not belong to it.
 */
export function mayBeHalf(line: Uint8Array): boolean {
  const last = line.at(-1) ?? 0;
  return last >= DIGIT_0 && last <= DIGIT_9;
}

const LINE_FEED = 0x0a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const OPEN_BRACE = 0x7b;

/**
 * Serialises an event: one header line, then the payload verbatim. The event
 * must be valid.
 *
 * @throws {CapnhookError} `USAGE` if its URLs take more than 1 MiB
 */
export function eventToBytes(event: Event): Buffer {
  const head = headerText(event).slice(0, -1);
  return Buffer.concat([Buffer.from(`${head},\n"payload":`), event.payload, Buffer.from('\n}\n')]);
}

/**
 * Serialises a batch in chunks, so that it is not in memory twice: one header
 * line, then one payload per line. The batch must be valid; a payload with a
 * line break in it would be read as two.
 *
 * @param chunkBytes size of a chunk; a longer line is a chunk of its own
 * @returns chunks, each valid until the next one is requested
 * @throws {CapnhookError} `USAGE` if its URLs take more than 1 MiB
 */
export function* batchToChunks(batch: Batch, chunkBytes: number): Generator<Uint8Array> {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let at = 0;
  for (const line of linesOf(batch)) {
    if (at + line.length >= chunk.length && at > 0) {
      yield chunk.subarray(0, at);
      at = 0;
    }
    if (line.length >= chunk.length) yield line;
    else {
      chunk.set(line, at);
      at += line.length;
    }
    chunk[at++] = LINE_FEED;
  }
  yield chunk.subarray(0, at);
}

/** The length of a batch's file, in bytes. */
export function batchSize(batch: Batch): number {
  let size = 0;
  for (const line of linesOf(batch)) size += line.length + 1;
  return size;
}

function* linesOf(batch: Batch): Generator<Uint8Array> {
  yield Buffer.from(headerText(batch, batch.payloads.length));
  yield* batch.payloads;
}

/**
 * Parses an event file in any JSON layout: an object in UTF-8 with `payload`,
 * `hook` or `to`, and optionally `id` and `time`; see {@link parseHeader}. The
 * payload is not decoded.
 */
export function parseEvent(bytes: Uint8Array): ParsedEvent | Unreadable {
  if (bytes.length > maxEventFileBytes) return unreadable('larger than an event can be');
  const problem = objectProblem(bytes);
  if (problem !== undefined) return unreadable(problem);
  const parsed = parseHeader(bytes);
  if (!parsed.ok) return parsed;
  if (parsed.payload === undefined) return unreadable('no "payload" in it');
  const { start, end } = parsed.payload;
  if (end - start > maxPayloadBytes) return unreadable('its payload is larger than 64 MiB');
  return { ok: true, ...parsed.header, payload: bytes.subarray(start, end) };
}

/**
 * Parses a batch file. The first line is a header as in an event file, without
 * `payload`. Each further line is one payload, valid for `checkPayloads`, with
 * its line feed. A reason names the line.
 */
export function parseBatch(bytes: Uint8Array): ParsedBatch | Unreadable {
  const feed = bytes.indexOf(LINE_FEED);
  const first = bytes.subarray(0, feed < 0 ? bytes.length : feed);
  const header = parseBatchHeader(first);
  if (!header.ok) return header;
  const rest = checkPayloads(bytes.subarray(Math.min(first.length + 1, bytes.length)));
  if (!rest.ok) return unreadable(`line ${rest.line + 1}: ${rest.reason}`);
  const last = bytes.subarray(bytes.lastIndexOf(LINE_FEED) + 1);
  if (checkLine(last) !== undefined && mayBeHalf(last))
    return unreadable(`line ${linesIn(bytes)}: ${unended}`);
  const { length } = rest.payloads;
  const problem = batchCountProblem(header, length) ?? batchIdProblem(header, length);
  return problem ?? { ...header, payloads: rest.payloads };
}

/** The number of lines, including a last one without a line feed. */
function linesIn(bytes: Uint8Array): number {
  let lines = 1;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}

/** The checked first line of a batch file. */
export interface ParsedBatchHeader extends ParsedHeader {
  ok: true;
  /** The number of events in the batch, if its writer gave it. */
  events?: number;
}

/** Parses the first line of a batch file, given without its line feed. */
export function parseBatchHeader(line: Uint8Array): ParsedBatchHeader | Unreadable {
  if (line.length > maxHeaderBytes) return unreadable('line 1: the header is larger than 1 MiB');
  const problem = objectProblem(line, true);
  if (problem !== undefined) return unreadable(`line 1: ${problem}`);
  const parsed = parseHeader(line);
  if (!parsed.ok) return unreadable(`line 1: ${parsed.reason}`);
  if (parsed.payload !== undefined) return unreadable('line 1: a "payload" in the header of a batch');
  const events = readEvents(line);
  if (events === undefined) return { ok: true, ...parsed.header };
  if (typeof events === 'object') return events;
  return { ok: true, ...parsed.header, events };
}

/** The header member with the number of events in the batch. */
const eventsKey: ReadonlySet<string> = new Set(['events']);

/** The number of events that a batch's header gives, if any. */
function readEvents(line: Uint8Array): number | undefined | Unreadable {
  const [member, other] = topLevelMembers(line, eventsKey);
  if (member === undefined) return undefined;
  if (other !== undefined) return unreadable('line 1: the member "events" appears twice');
  const text = Buffer.from(line.buffer, line.byteOffset + member.start, member.end - member.start).toString();
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  return unreadable('line 1: the member "events" is not a number of events');
}

/** The problem with the number of events in a batch, if any. */
export function batchCountProblem({ events }: { events?: number }, count: number): Unreadable | undefined {
  if (events === undefined || events === count) return undefined;
  return unreadable(`its header says that it has ${events} events, and it has ${count}`);
}

/** The problem with the id of a batch, if any: the ids of its events must not be too long. */
export function batchIdProblem({ id }: ParsedHeader, events: number): Unreadable | undefined {
  if (id === undefined || isEventId(batchMemberId(id, events))) return undefined;
  return unreadable('line 1: the id is too long for the ids of the events');
}

/** @param events number of events in a batch */
function headerText({ id, hook, to, time }: EventHeader, events?: number): string {
  const text = JSON.stringify({ capnhook: 1, id, hook, to, time, events });
  if (Buffer.byteLength(text) < maxHeaderBytes) return text;
  throw new CapnhookError('USAGE', 'Cannot write the event: its URLs take more than 1 MiB', {
    hint: 'Fire it several times with fewer URLs each, or register the URLs for a hook.',
  });
}

/** Why bytes are not exactly one JSON object, if they are not. `line`: they are one line of a file. */
function objectProblem(bytes: Uint8Array, line = false): string | undefined {
  const scan = scanJson(bytes, 0);
  const end = scan.ok ? skipSpace(bytes, scan.end) : 0;
  if (!scan.ok || end < bytes.length) return explainJson(bytes, scan.ok ? end : scan, line).reason;
  return bytes[scan.start] === OPEN_BRACE ? undefined : 'not a JSON object';
}
