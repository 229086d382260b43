/**
 * One day's file of the journal, read in blocks of whole lines. Memory is
 * bounded by the size of a block, and by that of the longest line.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '../shared/errors.js';
import { isoTime } from '../shared/iso-time.js';
import type { JournalEntry } from './journal.js';
import { parseLine } from './journal-line.js';

/** Size of a read, in bytes. */
const BLOCK_BYTES = 262_144;

/** Maximum size of a line, in bytes; what is longer is no line of a journal. */
const MAX_LINE_BYTES = 65_536;

/** By how much lines of a file may be out of order, in ms. */
const slackMs = 60_000;

/** The latest time that can stand in a line, ms since the epoch. */
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

const LINE_FEED = 0x0a;

/** A part of a file, in bytes; it begins with a line. */
export interface ByteRange {
  from: number;
  to: number;
}

/** Opens a day's file; undefined where it is missing, or is not a regular file. @throws the errno of any other failure */
export async function openDay(path: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    return undefined;
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined; // pruned, or a link
    throw error;
  }
}

/**
 * Yields the lines of a part of a file as blocks, each of which begins and ends with a line.
 * @param onEnd where it is given, a last line that has no line feed yet is not yielded; called with the position of that
 *   line, or of the end
 */
export async function* blocksForward(
  handle: FileHandle,
  { from, to }: ByteRange,
  onEnd?: (at: number) => void,
): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  let at = from;
  while (at < to) {
    const read = await readAt(handle, at, Math.min(BLOCK_BYTES, to - at));
    if (read.length === 0) break; // the file was made shorter meanwhile
    at += read.length;
    const block = rest.length === 0 ? read : Buffer.concat([rest, read]);
    const end = block.lastIndexOf(LINE_FEED) + 1;
    rest = limited(block.subarray(end));
    if (end > 0) yield block.subarray(0, end);
  }
  if (onEnd !== undefined) onEnd(at - rest.length);
  else if (rest.length > 0) yield rest;
}

/** As {@link blocksForward}, the last block first. */
export async function* blocksBackward(handle: FileHandle, { from, to }: ByteRange): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let end = to; end > from; ) {
    const at = Math.max(end - BLOCK_BYTES, from);
    const read = await readAt(handle, at, end - at);
    if (read.length < end - at) rest = Buffer.alloc(0); // the file was made shorter meanwhile
    end = at;
    const block = rest.length === 0 ? read : Buffer.concat([read, rest]);
    const start = at === from ? 0 : block.indexOf(LINE_FEED) + 1;
    rest = limited(at > from && start === 0 ? block : block.subarray(0, start));
    if (start > 0 || at === from) yield block.subarray(start);
  }
}

/** The entries of a block, in its order; with `mentions` only those of lines in which that text stands. */
export function entriesOf(block: Buffer, mentions: string | undefined): JournalEntry[] {
  const lines = mentions === undefined ? block.toString('utf8').split('\n') : linesWith(block, mentions);
  const entries: JournalEntry[] = [];
  for (const line of lines) {
    const entry = parseLine(line);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/**
 * The part of a file in which lines between two times can be, found by bisection.
 * @param since,until ms since the epoch; undefined for the file's beginning and end
 */
export async function findRange(
  handle: FileHandle,
  size: number,
  { since, until }: { since?: number | undefined; until?: number | undefined },
): Promise<ByteRange> {
  const whole = { from: 0, to: size };
  const first = since === undefined ? whole : await bisect(handle, whole, timeText(since - slackMs));
  const last = until === undefined ? whole : await bisect(handle, whole, timeText(until + slackMs));
  return { from: first.from, to: last.to };
}

/** A time as it stands in lines, so that the two can be compared. @param ms since the epoch */
export function timeText(ms: number): string {
  return isoTime(Math.min(Math.max(ms, 0), latestMs));
}

/** Narrows down where lines of a time begin: those before `from` are earlier, those after `to` are not. */
async function bisect(handle: FileHandle, range: ByteRange, time: string): Promise<ByteRange> {
  let { from, to } = range;
  while (to - from > BLOCK_BYTES) {
    const middle = Math.floor((from + to) / 2);
    const found = await lineAfter(handle, middle);
    if (found === undefined || found.at >= to) break;
    if (found.time < time) from = found.at;
    else to = found.at;
  }
  return { from, to };
}

/** The first line that begins after `at` and is whole. */
async function lineAfter(handle: FileHandle, at: number): Promise<{ at: number; time: string } | undefined> {
  const block = await readAt(handle, at, BLOCK_BYTES / 2);
  for (let start = block.indexOf(LINE_FEED) + 1; start > 0; ) {
    const end = block.indexOf(LINE_FEED, start);
    if (end === -1) return undefined;
    const entry = parseLine(block.toString('utf8', start, end));
    if (entry !== undefined) return { at: at + start, time: entry.time };
    start = end + 1;
  }
  return undefined;
}

function* linesWith(block: Buffer, text: string): Generator<string> {
  for (let at = block.indexOf(text); at !== -1; ) {
    const start = block.lastIndexOf(LINE_FEED, at) + 1;
    const next = block.indexOf(LINE_FEED, at);
    const end = next === -1 ? block.length : next;
    yield block.toString('utf8', start, end);
    at = block.indexOf(text, end);
  }
}

/** A line's beginning or end that is longer than a line can be is dropped; the remainder of that line has a wrong sum. */
function limited(rest: Buffer): Buffer<ArrayBuffer> {
  return rest.length > MAX_LINE_BYTES ? Buffer.alloc(0) : Buffer.from(rest);
}

async function readAt(handle: FileHandle, at: number, bytes: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, at);
  return buffer.subarray(0, bytesRead);
}
