import { hash } from 'node:crypto';
import type { JournalEntry } from './journal.js';

const tail = /,"sum":"([0-9a-f]{16})"\}$/;

/** An entry as a line (with its line break) whose last member is a hash of what stands before it. */
export function toLine(entry: JournalEntry): string {
  const open = JSON.stringify(entry).slice(0, -1);
  return `${open},"sum":"${sumOf(open)}"}\n`;
}

/** The entry of a line, or undefined if the line is torn or was changed. */
export function parseLine(line: string): JournalEntry | undefined {
  const match = tail.exec(line);
  if (match === null) return undefined;
  const open = line.slice(0, match.index);
  return sumOf(open) === match[1] ? (JSON.parse(`${open}}`) as JournalEntry) : undefined;
}

/** The first 16 hexadecimal digits of the SHA-256. */
function sumOf(text: string): string {
  return hash('sha256', text).slice(0, 16);
}
