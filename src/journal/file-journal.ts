/**
 * The journal in `journal/<day>.jsonl`, one file per UTC day. Lines are buffered
 * briefly and appended in one write. A line torn by a crash damages no other,
 * because the next writer begins a new line. A journal that cannot be written
 * does not stop the drain.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../shared/errors.js';
import { giveToOwner } from '../shared/machine/give-to-owner.js';
import type { Journal, JournalEntry } from './journal.js';
import { toLine } from './journal-line.js';

/** Maximum time a line stays buffered, in ms. */
const bufferMs = 100;

/** Maximum number of buffered lines. */
const maxBufferedLines = 256;

/** @param onError called once, with the errno, when the journal cannot be written */
export function createFileJournal(directory: string, onError: (errno: string) => void): Journal {
  let buffered: JournalEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let failed = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const entries = buffered;
    buffered = [];
    try {
      for (const [day, lines] of byDay(entries)) append(`${directory}/${day}.jsonl`, lines);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (!failed) onError(errno);
      failed = true;
    }
  }

  return {
    write(entry) {
      buffered.push(entry);
      if (buffered.length >= maxBufferedLines) flush();
      else timer ??= setTimeout(flush, bufferMs);
    },
    close: flush,
  };
}

function byDay(entries: readonly JournalEntry[]): Map<string, string> {
  const days = new Map<string, string>();
  for (const entry of entries) {
    const day = entry.time.slice(0, 'YYYY-MM-DD'.length);
    days.set(day, (days.get(day) ?? '') + toLine(entry));
  }
  return days;
}

function append(path: string, lines: string): void {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  try {
    giveToOwner(fd, path);
    writeFileSync(fd, isTorn(fd) ? `\n${lines}` : lines); // continues after a short write
  } finally {
    closeSync(fd);
  }
}

/** Whether the file's last line has no line feed. */
function isTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}
