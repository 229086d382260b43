/**
 * A batch's file, read a window at a time: a batch can be far larger than the
 * memory that a drain may take. The file stays open, so it is the same file all
 * the while, whatever happens to its name.
 */
import { checkLine, maxPayloadBytes } from '../../../event/payload.js';
import { maxBatchFileBytes, maxHeaderBytes, parseBatchHeader } from '../../../event/record.js';
import type { Disk } from '../disk/disk.js';
import { type EntryStat, openEntry, readAt } from '../disk/read-entry.js';
import { closeQuietly } from '../disk/write-file.js';

/** A line: its bytes without the line feed, and where the next one begins. */
export interface Line {
  bytes: Uint8Array;
  end: number;
}

export interface BatchText {
  stat: EntryStat;
  /** The first line, read and checked. */
  header: ReturnType<typeof parseBatchHeader>;
  /** Where the second line begins. */
  begin: number;
  /** The line that begins at an offset; undefined behind the last one. @throws the errno of a failed read */
  lineAt(offset: number): Line | undefined;
  /** Where the line of event number `index` (from 0) begins, if there is one. @throws the errno of a failed read */
  offsetOf(index: number): number | undefined;
  /** Tells where the line of an event begins, so that later ones are looked for behind it. */
  note(index: number, offset: number): void;
  /** Whether its file has a name anywhere. @throws the errno of a failed look */
  isNamed(): boolean;
  close(): void;
}

/** Size of one read, in bytes; more where one line is longer. */
const windowBytes = 65_536;

/** Maximum number of concurrent readers of a file that each keep their own part of it in memory. */
const maxWindows = 4;

/** What was read for a long line is not kept: there may be many, and many batches. */
const maxKeptBytes = 8 * windowBytes;

/** No line is longer than this, in bytes, with white space included; a longer one is not a payload. */
const maxLineBytes: number = maxPayloadBytes + maxHeaderBytes;

/** Distance between two events whose offsets are remembered. */
const markEvery = 1024;

interface Window {
  start: number;
  bytes: Uint8Array;
}

/**
 * Opens a batch.
 * @returns `gone` or `unreadable` as {@link openEntry} has it
 * @throws the errno of an error that may pass
 */
export function openBatchText(
  disk: Disk,
  path: string,
): { kind: 'open'; text: BatchText } | Exclude<ReturnType<typeof openEntry>, { kind: 'open' }> {
  const opened = openEntry(disk, path, { maxBytes: maxBatchFileBytes });
  if (opened.kind !== 'open') return opened;
  try {
    return { kind: 'open', text: textOf(disk, opened) };
  } catch (error) {
    closeQuietly(disk, opened.fd);
    throw error;
  }
}

function textOf(disk: Disk, { fd, stat }: { fd: number; stat: EntryStat }): BatchText {
  let windows: Window[] = [];
  /** Where the events 0, 1024, 2048, … begin, as far as it is known. */
  let marks: number[] = [];
  /** The last event whose place was told. */
  let noted = { index: -1, offset: 0 };

  function read(start: number, length: number): Window {
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, stat.size - start));
    const window = { start, bytes: bytes.subarray(0, readAt(disk, fd, { bytes, position: start })) };
    if (length <= maxKeptBytes) windows = [window, ...windows.slice(0, maxWindows - 1)];
    return window;
  }

  function lineAt(offset: number): Line | undefined {
    const known = windows.find(({ start, bytes }) => start <= offset && offset < start + bytes.length);
    const found = known && lineIn(known, { offset, fileBytes: stat.size });
    if (found !== undefined) return found;
    for (let length = windowBytes; offset < stat.size; length = Math.min(length * 8, maxLineBytes)) {
      const { start, bytes } = read(offset, length);
      if (bytes.length === 0) return undefined; // it has become shorter
      const line = lineIn({ start, bytes }, { offset, fileBytes: stat.size });
      if (line !== undefined) return line;
      if (length === maxLineBytes || bytes.length < length) return { bytes, end: offset + bytes.length };
    }
    return undefined;
  }

  function offsetOf(index: number): number | undefined {
    let at = Math.min(Math.floor(index / markEvery), marks.length - 1) * markEvery;
    let offset = marks[at / markEvery];
    if (at <= noted.index && noted.index <= index) ({ index: at, offset } = noted);
    while (offset !== undefined) {
      const line = lineAt(offset);
      if (line === undefined) return undefined;
      if (!isBlank(line)) {
        if (at === marks.length * markEvery) marks.push(offset);
        if (at === index) return offset;
        at += 1;
      }
      offset = line.end;
    }
    return undefined;
  }

  const first = lineAt(0);
  const begin = first?.end ?? stat.size;
  marks = [begin];
  const header = parseBatchHeader(first?.bytes ?? new Uint8Array());
  return {
    stat,
    header,
    begin,
    lineAt,
    offsetOf,
    note(index, offset) {
      noted = { index, offset };
    },
    isNamed: () => disk.fstatSync(fd).nlink > 0,
    close: () => closeQuietly(disk, fd),
  };
}

/** A line that lies in a window with its end. */
function lineIn(
  { start, bytes }: Window,
  { offset, fileBytes }: { offset: number; fileBytes: number },
): Line | undefined {
  const from = offset - start;
  const feed = bytes.indexOf(0x0a, from);
  if (feed >= 0) return { bytes: bytes.subarray(from, feed), end: start + feed + 1 };
  const isLast = start + bytes.length >= fileBytes;
  return isLast ? { bytes: bytes.subarray(from), end: fileBytes } : undefined;
}

/** Whether nothing but white space is in it: such a line is no event. */
export function isBlank({ bytes }: Line): boolean {
  // The first byte tells, in nearly every line.
  const first = bytes[0];
  return first === undefined || (first <= 0x20 && checkLine(bytes) === undefined);
}
