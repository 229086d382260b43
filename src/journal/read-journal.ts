/**
 * Reads the journal of `journal/<day>.jsonl`, beside a drain that writes and
 * prunes it. A day is read in blocks; within a day, times are found by bisection,
 * so that little is read of a long day. A writer holds lines back for a moment,
 * and a clock may be set back: lines that are out of order by at most a minute
 * are found.
 */
import { readdir } from 'node:fs/promises';
import { CapnhookError, errnoOf } from '../shared/errors.js';
import { blocksBackward, blocksForward, entriesOf, findRange, openDay, timeText } from './day-file.js';
import { followJournal } from './follow-journal.js';
import type { JournalEntry, JournalQuery, JournalReader } from './journal.js';

const dayFile = /^\d{4}-\d{2}-\d{2}\.jsonl$/;

/** Makes the reader of the journal in `directory`; one that is missing is empty. Copies that were compressed are not read. */
export function createJournalReader(directory: string): JournalReader {
  return {
    async *entries(query = {}, { latestFirst = false } = {}) {
      try {
        const days = (await listDays(directory)).filter((day) => mayHave(day, query));
        for (const day of latestFirst ? days.reverse() : days)
          yield* readDay(`${directory}/${day}.jsonl`, query, latestFirst);
      } catch (error) {
        throw cannotRead(error, directory);
      }
    },
    async *follow(query, signal) {
      try {
        yield* followJournal(directory, { listDays: () => listDays(directory), query, signal });
      } catch (error) {
        throw cannotRead(error, directory);
      }
    },
  };
}

/** The days of which there are files, oldest first. @throws the errno of a directory that cannot be listed */
export async function listDays(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => dayFile.test(name))
      .map((name) => name.slice(0, -'.jsonl'.length))
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Whether lines of a day can be wanted; a line stands in the file of its own day. */
function mayHave(day: string, { since, until }: JournalQuery): boolean {
  const isLater = since === undefined || day >= dayOf(since);
  return isLater && (until === undefined || day <= dayOf(until));
}

async function* readDay(
  path: string,
  query: JournalQuery,
  latestFirst: boolean,
): AsyncGenerator<JournalEntry> {
  const { since, until, mentions } = query;
  const handle = await openDay(path);
  if (handle === undefined) return;
  try {
    const { size } = await handle.stat();
    const range = await findRange(handle, size, query);
    const [first, end] = [since ?? 0, until ?? Infinity].map(timeText) as [string, string];
    for await (const block of latestFirst ? blocksBackward(handle, range) : blocksForward(handle, range)) {
      const entries = entriesOf(block, mentions);
      for (const entry of latestFirst ? entries.reverse() : entries)
        if (entry.time >= first && (until === undefined || entry.time < end)) yield entry;
    }
  } finally {
    await handle.close();
  }
}

function dayOf(ms: number): string {
  return timeText(ms).slice(0, 'YYYY-MM-DD'.length);
}

/** The error for a person. @param error of any kind */
export function cannotRead(error: unknown, directory: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof CapnhookError) return error;
  const isRefused = errno === 'EACCES' || errno === 'EPERM';
  return new CapnhookError(
    isRefused ? 'PERMISSION' : 'SPOOL_WRITE',
    `Cannot read the journal: ${errno}, ${directory}`,
    { cause: error, hint: isRefused ? 'Run it as the user who owns the spool.' : 'Check the disk.' },
  );
}
