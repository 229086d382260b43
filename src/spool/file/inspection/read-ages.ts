/** How old what waits is, by the names of files: none is opened. A name that tells no time is looked up, if there are few. */
import { setImmediate } from 'node:timers/promises';
import { timeOfId } from '../../../event/event-id.js';
import {
  type AgeCount,
  type AgeQuery,
  createAgeCount,
  type IncomingAges,
  type QueueAges,
} from '../../ages.js';
import { batchFilesOf, countOwed, listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { eachName } from '../disk/each-name.js';
import { parseRetryName, undecided } from '../disk/layout.js';
import { readableOr } from '../disk/readable-or.js';
import { listEndpoints } from '../endpoints/backlog.js';
import { readHealth } from '../endpoints/health-files.js';
import { readLastAnswer } from '../endpoints/read-answer.js';
import { countBatchEvents } from './entry-file.js';

/** Maximum number of files that are looked up because their names tell no time; others count as old as the one before. */
const maxLookedUp = 10_000;

/** Reads what endpoints are owed. @throws the errno of a directory that cannot be listed */
export async function* readQueueAges(
  disk: Disk,
  root: string,
  { endpoints, ...query }: AgeQuery & { endpoints?: readonly string[] | undefined },
): AsyncGenerator<QueueAges> {
  for (const endpoint of [...(endpoints ?? listEndpoints(disk, root))].sort()) {
    if (endpoint === undecided) continue;
    const times = createNameTimes(disk, query.now);
    const count = createAgeCount(query);
    const waiting = await countQueue(disk, `${root}/queue/${endpoint}`, { times, count });
    const { retrying, nextDueMs } = countRetries(disk, `${root}/retry/${endpoint}`, { times, count });
    const health = readHealth(disk, root, endpoint);
    const hasTrouble = retrying > 0 || Object.keys(health).length > 0;
    yield {
      endpoint,
      waiting,
      retrying,
      nextDueMs,
      ...count.ages(),
      dead: countDead(disk, root, endpoint),
      health,
      answer: hasTrouble ? readLastAnswer(disk, root, endpoint) : undefined,
    };
  }
}

/** Reads what is not routed. @throws the errno of a directory that cannot be listed */
export async function readIncomingAges(disk: Disk, root: string, query: AgeQuery): Promise<IncomingAges> {
  const times = createNameTimes(disk, query.now);
  const count = createAgeCount(query);
  const directory = `${root}/incoming`;
  let [entries, events] = [0, 0];
  eachName(disk, directory, (name) => {
    const isBatch = name.endsWith('.jsonl');
    const eventsOfIt = isBatch ? countBatchEvents(disk, `${directory}/${name}`) : 1;
    count.add(times.of(directory, name), eventsOfIt);
    entries += 1;
    events += eventsOfIt;
  });
  return { entries, events, ...count.ages() };
}

interface Counting {
  times: NameTimes;
  count: AgeCount;
}

async function countQueue(disk: Disk, queue: string, { times, count }: Counting): Promise<number> {
  let waiting = 0;
  for (const segment of readableOr([], () => listSegments(disk, queue))) {
    const path = `${queue}/${segment}`;
    const batch = batchFilesOf(path);
    if (batch === undefined) {
      readableOr(undefined, () =>
        eachName(disk, path, (name) => {
          waiting += 1;
          count.add(times.of(path, name));
        }),
      );
    } else {
      const owed = readableOr(0, () => countOwed(disk, path));
      waiting += owed;
      count.add(times.of(path, `${batch.id}.jsonl`), owed);
    }
    await setImmediate(); // a signal, and a scrape of another endpoint, are handled in between
  }
  return waiting;
}

function countRetries(
  disk: Disk,
  directory: string,
  { times, count }: Counting,
): { retrying: number; nextDueMs: number | undefined } {
  let retrying = 0;
  let nextDueMs: number | undefined;
  readableOr(undefined, () =>
    eachName(disk, directory, (name) => {
      const { dueMs, id } = parseRetryName(name) ?? {};
      retrying += 1;
      if (dueMs !== undefined && dueMs < (nextDueMs ?? Infinity)) nextDueMs = dueMs;
      count.add(times.of(directory, name, id));
    }),
  );
  return { retrying, nextDueMs };
}

/** How many deliveries of an endpoint are dead. */
export function countDead(disk: Disk, root: string, endpoint: string): number {
  let dead = 0;
  readableOr(undefined, () =>
    eachName(disk, `${root}/dead/${endpoint}`, (name) => {
      if (/\.jsonl?$/.test(name) && !name.endsWith('.why.json')) dead += 1;
    }),
  );
  return dead;
}

/** When files were accepted. */
interface NameTimes {
  /** @param id the event's or batch's, where the name is not `<id>.json` or `<id>.jsonl` @returns ms since the epoch */
  of(directory: string, name: string, id?: string): number;
}

function createNameTimes(disk: Disk, now: number): NameTimes {
  let lookedUp = 0;
  let last = now;
  return {
    of(directory, name, id = name.slice(0, name.lastIndexOf('.'))) {
      const time = timeOfId(id);
      if (time !== undefined) {
        last = time;
      } else if (lookedUp < maxLookedUp) {
        lookedUp += 1;
        last = readableOr(undefined, () => disk.lstatSync(`${directory}/${name}`).mtimeMs) ?? last;
      }
      return last;
    },
  };
}
