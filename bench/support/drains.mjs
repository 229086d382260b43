/** Spools that are full, and drains that empty them. */
import { readdirSync, rmSync } from 'node:fs';
import { capnhook, makeSpool, signedHooks } from './capnhook.mjs';
import { settleDisk } from './disk.mjs';
import { writeEvents } from './events.mjs';
import { runProcess, until } from './process.mjs';

/**
 * Makes a spool with one signed endpoint, in which so many events wait, each in a file of its own.
 * @returns {{ spool: string, env: object, directory: string }}
 */
export function fillSpool(bench, { url, count, concurrency, name = 'full' }) {
  const directory = `${bench.directory}/${name}`;
  const made = makeSpool(directory, signedHooks(url, { concurrency }));
  writeEvents(`${made.spool}/incoming`, count);
  settleDisk(directory);
  return { ...made, directory };
}

/**
 * Runs `capnhook drain` as a whole process on a spool, removes the spool, and
 * gives deliveries a second. The receiver must have got them all, and once.
 */
export async function timeDrain(bench, { receiver, count, filled }) {
  const before = await receiver.received();
  const { ms } = await runProcess(bench, capnhook('drain'), { env: filled.env });
  const received = (await receiver.received()) - before;
  if (received !== count) throw new Error(`the receiver got ${received} of ${count}`);
  rmSync(filled.directory, { recursive: true });
  return (1000 * count) / ms;
}

/** Waits until nothing waits or is owed in a spool. */
export async function untilEmpty(spool) {
  await until(() => isEmpty(`${spool}/incoming`) && isEmpty(`${spool}/queue`), {
    what: 'an empty spool',
    everyMs: 2,
  });
}

/** Whether there is no file in a directory, nor below it. */
function isEmpty(directory) {
  return readdirSync(directory, { withFileTypes: true }).every(
    (entry) => entry.isDirectory() && isEmpty(`${directory}/${entry.name}`),
  );
}
