/**
 * Follows the journal as `tail -F` does: by looking again, every
 * {@link pollMs}. The two latest days are looked at, because a writer may still
 * append to a day that has just ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { blocksForward, entriesOf, findRange, openDay, timeText } from './day-file.js';
import type { JournalEntry, JournalQuery } from './journal.js';

/** Time between two looks, in ms. */
const pollMs = 200;

/** Number of days that are looked at when all earlier ones were read. */
const openDays = 2;

/** How far a day's file was read. */
interface Position {
  inode: number;
  /** In bytes; it is where a line begins. */
  at: number;
}

export interface FollowOptions {
  /** The days of which there are files, oldest first. */
  listDays(): Promise<readonly string[]>;
  query: Omit<JournalQuery, 'until'>;
  signal: AbortSignal;
}

/** Yields lines until the signal. @throws the errno of a file or directory that cannot be read */
export async function* followJournal(
  directory: string,
  { listDays, query, signal }: FollowOptions,
): AsyncGenerator<JournalEntry> {
  const positions = new Map<string, Position>();
  const { since } = query;
  const first = timeText(since ?? 0);
  let firstDay = first.slice(0, 'YYYY-MM-DD'.length);
  while (!signal.aborted) {
    const days = (await listDays()).filter((day) => day >= firstDay);
    for (const day of days)
      for await (const block of newBlocks(`${directory}/${day}.jsonl`, { day, positions, since })) {
        for (const entry of entriesOf(block, query.mentions)) if (entry.time >= first) yield entry;
        if (signal.aborted) return;
      }
    firstDay = days.at(-openDays) ?? firstDay;
    for (const day of positions.keys()) if (day < firstDay) positions.delete(day);
    await sleep(pollMs, undefined, { signal }).catch(() => {}); // the signal ends it
  }
}

/** What was appended to a day's file since it was read last. */
async function* newBlocks(
  path: string,
  { day, positions, since }: { day: string; positions: Map<string, Position>; since: number | undefined },
): AsyncGenerator<Buffer> {
  const handle = await openDay(path);
  if (handle === undefined) return;
  try {
    const { size, ino: inode } = await handle.stat();
    let position = positions.get(day);
    if (position === undefined) {
      const { from } = await findRange(handle, size, { since });
      position = { inode, at: from };
    } else if (position.inode !== inode || position.at > size) position = { inode, at: 0 }; // another file
    const onEnd = (at: number): void => void positions.set(day, { inode, at });
    yield* blocksForward(handle, { from: position.at, to: size }, onEnd);
  } finally {
    await handle.close();
  }
}
