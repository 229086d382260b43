/** Reads the attempts that were journaled since the last time, each once. */
import { type ScannedAttempt, scanAttempts } from './attempt-scan.js';
import { blocksForward, findRange, openDay, timeText } from './day-file.js';
import { cannotRead, listDays } from './read-journal.js';

/** How far the files of days were read, in bytes; those of earlier days than these are done with. */
export type JournalPosition = ReadonlyMap<string, number>;

/** Number of days that may still grow: a writer may append to a day that has just ended. */
const openDays = 2;

/**
 * Calls back with each attempt of the journal in `directory` that is behind a position.
 * @param position that of the last time; default: where the journal begins
 * @returns the position of the end
 * @throws CapnhookError `PERMISSION`, `SPOOL_WRITE` where the journal cannot be read
 */
export async function readNewAttempts(
  directory: string,
  position: JournalPosition,
  callback: (attempt: ScannedAttempt) => void,
): Promise<JournalPosition> {
  const reached = new Map(position);
  try {
    const first = [...position.keys()].sort()[0] ?? '';
    for (const day of (await listDays(directory)).filter((each) => each >= first))
      reached.set(day, await readDay(`${directory}/${day}.jsonl`, reached.get(day) ?? 0, callback));
  } catch (error) {
    throw cannotRead(error, directory);
  }
  return new Map([...reached].sort(([a], [b]) => (a < b ? -1 : 1)).slice(-openDays));
}

/**
 * The position of a time, so that reading from there on finds its attempts, and perhaps a few earlier ones.
 * @param since ms since the epoch
 * @throws CapnhookError as {@link readNewAttempts}
 */
export async function positionOf(directory: string, since: number): Promise<JournalPosition> {
  const position = new Map<string, number>();
  const first = timeText(since).slice(0, 'YYYY-MM-DD'.length);
  try {
    for (const day of await listDays(directory)) {
      if (day < first) continue;
      const handle = await openDay(`${directory}/${day}.jsonl`);
      if (handle === undefined) continue;
      try {
        const { size } = await handle.stat();
        position.set(day, (await findRange(handle, size, { since })).from);
      } finally {
        await handle.close();
      }
    }
  } catch (error) {
    throw cannotRead(error, directory);
  }
  // Where there is no file of it yet, what comes before that day is not wanted either.
  return position.size === 0 ? new Map([[first, 0]]) : position;
}

/** @returns how far the file was read, in bytes: to the end of its last whole line */
async function readDay(
  path: string,
  from: number,
  callback: (attempt: ScannedAttempt) => void,
): Promise<number> {
  const handle = await openDay(path);
  if (handle === undefined) return from;
  try {
    const { size } = await handle.stat();
    const start = from > size ? 0 : from; // it was replaced, as log rotation does
    let end = start;
    const onEnd = (at: number): void => {
      end = at;
    };
    for await (const block of blocksForward(handle, { from: start, to: size }, onEnd))
      scanAttempts(block, callback);
    return end;
  } finally {
    await handle.close();
  }
}
