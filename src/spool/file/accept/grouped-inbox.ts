/**
 * The way into the file spool for a process with many concurrent calls: files are
 * fsynced side by side, and one fsync of `incoming/` covers many names. Each event is
 * accepted by the same steps as in `file-inbox.ts`, with the same promises. A call that
 * is alone is run as there, which is quicker for one.
 */
import type { Batch, Event } from '../../../event/event.js';
import type { Inbox } from '../../spool.js';
import { type Disk, systemDisk } from '../disk/disk.js';
import { fsyncAside } from '../disk/write-file.js';
import { ensureSpool } from '../setup/create.js';
import { accept } from './accept.js';
import { createNameSync } from './name-sync.js';
import { performNow, type Steps, type Sync } from './steps.js';

/** Maximum number of events that are being accepted concurrently, each with an open file. */
export const maxConcurrent = 64;
/** Maximum total size of those, in bytes; a single one may have more. */
export const maxConcurrentBytes: number = 64 * 1024 * 1024;

export interface GroupedInboxOptions {
  /** Random bytes, this many. */
  random(bytes: number): Uint8Array;
  disk?: Disk;
  /** Called when nothing is waiting or being accepted any more. */
  onIdle?(): unknown;
}

interface Call {
  entry: Event | Batch;
  chosenId: boolean;
  bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

type Perform = (steps: Steps<void>) => Promise<void>;

/** As `createFileInbox`, for many concurrent calls of `enqueue`. */
export function createGroupedInbox(
  root: string,
  { random, disk = systemDisk, onIdle }: GroupedInboxOptions,
): Inbox {
  const waiting = new Set<Call>();
  const underWay = new Set<Call>();
  let begins = false;
  const syncName = createNameSync(disk, root);
  const sync = ({ of, fd }: Sync): Promise<void> => (of === 'name' ? syncName(fd) : fsyncAside(disk, fd));

  const now: Perform = async (steps) => performNow(disk, root, steps);
  const together: Perform = (steps) => performTogether(steps, sync);

  /** All that were called in one turn of the event loop are here now. */
  function begin(): void {
    begins = false;
    const alone = waiting.size === 1 && underWay.size === 0;
    start(alone ? now : together);
  }

  /** Starts events up to the limits; the spool is checked one time for all of them. */
  function start(perform: Perform): void {
    let isThere = false;
    const acceptCall = async ({ entry, chosenId }: Call): Promise<void> => {
      const token = Buffer.from(random(8)).toString('hex');
      if (!isThere) ensureSpool(disk, root, { token });
      isThere = true;
      await perform(accept(disk, root, { entry, chosenId, token }));
    };
    for (const call of waiting) {
      if (!hasRoom(underWay, call)) return;
      if (isTaken(underWay, call)) continue;
      waiting.delete(call);
      void settle(call, acceptCall);
    }
  }

  async function settle(call: Call, acceptCall: (call: Call) => Promise<void>): Promise<void> {
    underWay.add(call);
    const settled = await acceptCall(call).then(
      () => call.resolve,
      (error: unknown) => () => call.reject(error),
    );
    underWay.delete(call);
    settled();
    start(together);
    if (underWay.size === 0) onIdle?.();
  }

  return {
    enqueue: (entry, { chosenId = false } = {}) =>
      new Promise((resolve, reject) => {
        if (!begins) setImmediate(begin);
        begins = true;
        waiting.add({ entry, chosenId, bytes: bytesOf(entry), resolve, reject });
      }),
  };
}

/** Runs steps to their end, whose fsyncs others may share. Rejects with what they throw. */
async function performTogether<Result>(
  steps: Steps<Result>,
  sync: (what: Sync) => Promise<void>,
): Promise<Result> {
  let step = steps.next();
  while (!step.done) {
    const failure = await sync(step.value).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    step = failure === undefined ? steps.next() : steps.throw(failure.error);
  }
  return step.value;
}

/** Whether one more may be accepted at the same time. */
function hasRoom(underWay: ReadonlySet<Call>, { bytes }: Call): boolean {
  let sum = bytes;
  for (const each of underWay) sum += each.bytes;
  return underWay.size === 0 || (underWay.size < maxConcurrent && sum <= maxConcurrentBytes);
}

/**
 * Whether an event is being accepted whose name may be the same. It might still be taken back; so whoever finds his
 * event accepted already must not have looked before.
 */
function isTaken(underWay: ReadonlySet<Call>, { entry, chosenId }: Call): boolean {
  if (!chosenId) return false;
  const name = entry.id.toLowerCase(); // case does not matter in the names of some file systems
  return [...underWay].some((each) => each.entry.id.toLowerCase() === name);
}

function bytesOf(entry: Event | Batch): number {
  if ('payload' in entry) return entry.payload.length;
  return entry.payloads.reduce((sum, { length }) => sum + length, 0);
}
