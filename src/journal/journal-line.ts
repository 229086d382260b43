import { hash } from 'node:crypto';
import type { JournalEntry } from './journal.js';

const tail = /,"sum":"([0-9a-f]{16})"\}$/;

/** Serialises an entry as a line, line break included. Its last member is a hash of the text before it. */
export function toLine(entry: JournalEntry): string {
  const open = JSON.stringify(entry).slice(0, -1);
  return `${open},"sum":"${sumOf(open)}"}\n`;
}

/** Parses a line; undefined if the line is torn or was changed. */
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
