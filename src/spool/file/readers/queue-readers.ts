/**
 * The reading side of all queues. What is in memory is bounded, whatever the
 * backlog and the number of endpoints: an endpoint has a reader while it is
 * used, and the one that was used longest ago loses it first.
 */
import { setImmediate } from 'node:timers/promises';
import type { Disk } from '../disk/disk.js';
import { removeEmpty } from '../endpoints/endpoint-directories.js';
import type { Queued } from '../placing/queued.js';
import { createGrowingBatches, type GrowingBatchesOptions } from '../queue/growing-batches.js';
import type { Slot } from '../queue/slot.js';
import { countClosed, resumeClosed } from './closed-queues.js';
import { createDoneEndpoints } from './done-endpoints.js';
import { anyTime, type EndpointQueue } from './endpoint-queue.js';
import { createOpenReaders } from './open-readers.js';
import { createOwnership, isOwing, type Ownership } from './ownership.js';
import { createQueueTable, type QueueTable, type QueueTableOptions } from './queue-table.js';
import { createRelisting } from './relisting.js';
import { createSlotMoves, type SlotMoves } from './slot-moves.js';
import { tryOr } from './try-or.js';

export interface QueueReaders
  extends Pick<QueueTable, 'of' | 'find' | 'all'>,
    Pick<Ownership, 'acquire' | 'nextReady' | 'own' | 'ranDry' | 'release'>,
    SlotMoves {
  /** Every queue may be acquired, also before the time until which it was released. */
  unpark(): void;
  isOwing(queue: EndpointQueue): boolean;
  /** Puts all that an endpoint is owed on hold, without reading it; false if a reader was opened for it. */
  holdAll(endpoint: string): boolean;
  /** Lets what is on hold be taken again: of an endpoint, or of all. */
  resume(endpoint?: string): void;
  /** Whether a slot is handed out at this moment, and not on hold. */
  isOut(endpoint: string, slot: Slot): boolean;
  /** How many slots of an endpoint are on hold. */
  onHold(endpoint: string): number;
  /** A delivery was put at the end of a queue, or was found there. */
  queued(queued: Queued): void;
  /** An endpoint has a delivery that is not in its queue. */
  hasOther(endpoint: string): void;
  /** How many deliveries an endpoint is owed, some of them estimated; 1 if its directories cannot be listed. */
  owed(endpoint: string): number;
  /** Lists the directories again, of some endpoints or of all, after changes that were not reported here; what is handed out stays so. */
  reload(only?: readonly string[]): void;
  /** Takes in lines that were added to a batch shortly before its last event was finished. */
  lookAtGrowing(): void;
  /** Removes empty directories. */
  tidy(): Promise<void>;
}

export interface QueueReadersOptions extends GrowingBatchesOptions, QueueTableOptions {
  /** Maximum number of names in memory; see {@link createOpenReaders}. */
  maxNames: number;
  /** Whether an endpoint has deliveries that are not in its queue. */
  hasOthers(endpoint: string): boolean;
  /** Called with an endpoint that is owed nothing, when its directories are removed. */
  onDone(endpoint: string): void;
}

/** Number of endpoints that are tidied before others have their turn. */
const yieldEvery = 128;

/** @throws from its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createQueueReaders(disk: Disk, root: string, options: QueueReadersOptions): QueueReaders {
  const { texts, maxNames, now, hasOthers, onRemoved, onDone } = options;
  const table = createQueueTable(options);
  const growing = createGrowingBatches(disk, root, options);
  const readers = createOpenReaders(disk, root, { texts, maxNames, onEmpty: growing.removeOrGrow });
  const ownership = createOwnership({ readers, now, hasOthers, onDone: noteDone });
  const reload = createRelisting(disk, root, { table, readers, ownership, onRemoved });
  const done = createDoneEndpoints();
  for (const queue of table.all()) ownership.announce(queue, anyTime);

  /** Forgets an endpoint that is owed nothing, and removes its directories, some time after its last delivery. */
  function noteDone(queue: EndpointQueue): void {
    const oldest = done.add(queue);
    if (oldest === undefined || oldest.isOwned || isOwing(oldest) || hasOthers(oldest.endpoint)) return;
    if (oldest.reader?.isIdle() === false) return;
    const { endpoint, lastDirectory, hasDirectories } = oldest;
    readers.drop(oldest);
    ownership.withdraw(oldest);
    table.delete(endpoint);
    if (hasDirectories) removeEmpty(disk, root, endpoint, lastDirectory);
    onDone(endpoint);
  }

  return {
    of: table.of,
    find: table.find,
    all: table.all,
    acquire: ownership.acquire,
    nextReady: ownership.nextReady,
    own: ownership.own,
    ranDry: ownership.ranDry,
    release: ownership.release,
    ...createSlotMoves(readers, ownership),
    ...createWholeQueues(disk, root, { table, ownership }),
    unpark() {
      for (const queue of table.all()) ownership.unpark(queue);
    },
    isOwing,
    queued({ endpoint, segment, name, kind }) {
      const queue = table.of(endpoint);
      queue.hasDirectories = true;
      if (queue.reader === undefined) queue.closed.isWaiting = true;
      else if (kind !== 'there') {
        queue.reader.added(segment, name);
        readers.used(queue);
      }
      ownership.announce(queue, anyTime);
    },
    hasOther: (endpoint) => ownership.announce(table.of(endpoint), anyTime),
    reload,
    lookAtGrowing() {
      const grown = growing.lookAgain();
      if (grown.length > 0) reload(grown);
    },
    async tidy() {
      let tidied = 0;
      for (const queue of [...table.all()]) {
        if (!queue.hasDirectories || isOwing(queue)) continue;
        removeEmpty(disk, root, queue.endpoint);
        onDone(queue.endpoint);
        tidied += 1;
        if (tidied % yieldEvery === 0) await setImmediate();
      }
    },
  };
}

/** What concerns all that an endpoint is owed. */
function createWholeQueues(
  disk: Disk,
  root: string,
  { table, ownership }: { table: QueueTable; ownership: Ownership },
): Pick<QueueReaders, 'holdAll' | 'resume' | 'isOut' | 'onHold' | 'owed'> {
  function countOwed(endpoint: string): number {
    const queue = table.find(endpoint);
    if (queue === undefined) return 0;
    if (queue.reader !== undefined) return queue.reader.count();
    return countClosed(disk, root, { endpoint, isExact: queue.closed.isHeldExact });
  }

  return {
    holdAll(endpoint) {
      const queue = table.find(endpoint);
      if (queue === undefined || queue.reader !== undefined) return false;
      queue.closed = { isWaiting: false, retries: undefined, held: countOwed(endpoint) };
      ownership.withdraw(queue);
      return true;
    },
    resume(endpoint) {
      for (const queue of endpoint === undefined ? table.all() : [table.of(endpoint)]) {
        queue.reader?.resume();
        resumeClosed(queue.closed);
        queue.parkedUntil = anyTime;
        ownership.withdraw(queue);
        ownership.announceWhatIsThere(queue);
      }
    },
    isOut: (endpoint, slot) => table.find(endpoint)?.reader?.isOut(slot) ?? false,
    onHold(endpoint) {
      const queue = table.find(endpoint);
      return queue?.reader?.onHold() ?? queue?.closed.held ?? 0;
    },
    owed: (endpoint) => tryOr(1, () => countOwed(endpoint)),
  };
}
