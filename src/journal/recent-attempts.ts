/** How many attempts were made of late, by the journal. */
import { lstat, readdir } from 'node:fs/promises';
import { errnoOf } from '../shared/errors.js';
import { scanAttempts } from './attempt-scan.js';
import { blocksForward, findRange, openDay, timeText } from './day-file.js';
import { cannotRead, listDays } from './read-journal.js';

/** Attempts, and how many of them failed. */
export interface AttemptCounts {
  attempts: number;
  failures: number;
}

/** For each of several times back from now the attempts since then, by the id of their endpoint. */
export type RecentAttempts = ReadonlyMap<string, readonly AttemptCounts[]>;

export interface RecentAttemptsOptions {
  /** ms since the epoch. */
  now: number;
  /** How far back each of the counts goes, in ms. */
  windowsMs: readonly number[];
}

/**
 * Counts the attempts of the journal in `directory`.
 * @throws CapnhookError `PERMISSION`, `SPOOL_WRITE` where the journal cannot be read
 */
export async function countRecentAttempts(
  directory: string,
  { now, windowsMs }: RecentAttemptsOptions,
): Promise<RecentAttempts> {
  const counts = new Map<string, AttemptCounts[]>();
  const since = now - Math.max(...windowsMs);
  const starts = windowsMs.map((ms) => timeText(now - ms));
  const first = timeText(since);
  try {
    for (const day of await listDays(directory)) {
      if (day < first.slice(0, day.length)) continue;
      for await (const block of blocksSince(`${directory}/${day}.jsonl`, since))
        scanAttempts(block, ({ time, result, endpoint }) => {
          if (time < first) return;
          const of = counts.get(endpoint) ?? windowsMs.map(() => ({ attempts: 0, failures: 0 }));
          counts.set(endpoint, of);
          for (const [at, start] of starts.entries()) {
            if (time < start) continue;
            of[at]!.attempts += 1;
            if (result !== 'delivered') of[at]!.failures += 1;
          }
        });
    }
  } catch (error) {
    throw cannotRead(error, directory);
  }
  return counts;
}

async function* blocksSince(path: string, since: number): AsyncGenerator<Buffer> {
  const handle = await openDay(path);
  if (handle === undefined) return;
  try {
    const { size } = await handle.stat();
    yield* blocksForward(handle, await findRange(handle, size, { since }));
  } finally {
    await handle.close();
  }
}

/** What the files of the journal in `directory` take, in bytes. @throws CapnhookError as {@link countRecentAttempts} */
export async function journalBytes(directory: string): Promise<number> {
  try {
    let bytes = 0;
    for (const name of await namesIn(directory)) bytes += (await sizeOf(`${directory}/${name}`)) ?? 0;
    return bytes;
  } catch (error) {
    throw cannotRead(error, directory);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined for what was pruned meanwhile. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
