/** Reading what the spool's directories hold, beside a drain that runs. */
import { setImmediate } from 'node:timers/promises';
import {
  type EntryQuery,
  type EntryState,
  type Inspection,
  matchesQuery,
  statesFrom,
} from '../../inspection.js';
import { createBatchTexts } from '../batch/batch-texts.js';
import { createDeliveryReader } from '../deliveries/delivery-reader.js';
import { createRecentEvents } from '../deliveries/recent-events.js';
import type { Disk } from '../disk/disk.js';
import { undecided } from '../disk/layout.js';
import { listEndpoints } from '../endpoints/backlog.js';
import { readHealth } from '../endpoints/health-files.js';
import { readAnswer, readLastAnswer } from '../endpoints/read-answer.js';
import { readDead } from './dead-entries.js';
import { readDeliveries } from './delivery-entries.js';
import type { Found } from './found.js';
import { readQuarantine } from './quarantine.js';
import { readIncomingAges, readQueueAges } from './read-ages.js';
import { readTotals } from './read-totals.js';
import { readSent } from './sent-entries.js';
import { readIncoming, readUnclaimed } from './unrouted-entries.js';

/** Entries that are looked at before others have their turn. */
const YIELD_EVERY = 64;

/**
 * Makes the inspection of the spool at `root`.
 * @param now ms since the epoch
 * @throws from its streams: the errno of a directory that cannot be listed
 */
export function createFileInspection(disk: Disk, root: string, now: () => number): Inspection {
  function* find(query: EntryQuery): Generator<Found> {
    const texts = createBatchTexts(disk, now);
    const reader = createDeliveryReader(disk, root, {
      texts,
      recent: createRecentEvents(disk, root, now),
      now,
    });
    const tools = { disk, root, query, now, texts, reader };
    const read: Record<EntryState, () => Generator<Found>> = {
      incoming: () => readIncoming(tools),
      queued: () => readDeliveries('queued', tools),
      retry: () => readDeliveries('retry', tools),
      unclaimed: () => readUnclaimed(tools),
      dead: () => readDead(tools),
      sent: () => readSent(tools),
    };
    try {
      for (const state of statesFrom(query)) yield* read[state]();
    } finally {
      texts.close();
    }
  }

  return {
    async *entries(query = {}) {
      let seen = 0;
      for (const entry of find(query)) {
        seen += 1;
        if (seen % YIELD_EVERY === 0) await setImmediate();
        if (entry !== undefined && matchesQuery(entry, query)) yield entry;
      }
    },
    async *quarantined() {
      yield* readQuarantine(disk, root);
    },
    endpoints: async () => [...listEndpoints(disk, root)].filter((endpoint) => endpoint !== undecided),
    queueAges: (query) => readQueueAges(disk, root, query),
    incomingAges: (query) => readIncomingAges(disk, root, query),
    totals: async () => readTotals(disk, root),
    health: async (endpoint) => readHealth(disk, root, endpoint),
    async answer(endpoint, event) {
      const own = event && readAnswer(disk, `${root}/answers/${endpoint}/${event}.json`);
      if (own) return own;
      const last = readLastAnswer(disk, root, endpoint);
      return event === undefined || last?.event === event ? last : undefined;
    },
  };
}
