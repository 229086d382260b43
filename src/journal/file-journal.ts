/**
 * The journal as `journal/<day>.jsonl`, a day in UTC. Lines are gathered for a
 * moment and appended in one write; a line torn by a crash stays alone, since
 * the next writer begins a new one. A journal that cannot be written stops
 * nothing.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../shared/errors.js';
import { giveToOwner } from '../shared/give-to-owner.js';
import type { Journal, JournalEntry } from './journal.js';
import { toLine } from './journal-line.js';

const holdBackMs = 100;
const holdBackLines = 256;

/** @param onError told once, with the errno, when the journal cannot be written */
export function createFileJournal(directory: string, onError: (errno: string) => void): Journal {
  let held: JournalEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let failed = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const entries = held;
    held = [];
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
      held.push(entry);
      if (held.length >= holdBackLines) flush();
      else timer ??= setTimeout(flush, holdBackMs);
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
    writeFileSync(fd, isTorn(fd) ? `\n${lines}` : lines); // writes on after a short write
  } finally {
    closeSync(fd);
  }
}

/** Whether the file ends in the middle of a line. */
function isTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}
