/**
 * How many files large directories hold, without listing them each time: a
 * directory with the inode and ctime that it had when it was counted has as
 * many still. `endpoints/<endpoint>.counts` keeps this from one lease to the
 * next; losing it, or finding it torn, costs a listing and nothing else.
 */
import { ignoreErrno } from '../../../shared/errors.js';
import { batchFilesOf, countOwed } from '../batch/segment.js';
import { type Disk, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_TRUNC, O_WRONLY } from '../disk/disk.js';
import { countNames } from '../disk/each-name.js';
import { privateFile } from '../disk/layout.js';
import { readEntry } from '../disk/read-entry.js';
import { closeQuietly, discard } from '../disk/write-file.js';
import type { EndpointFiles } from './endpoint-files.js';

/** A directory of fewer bytes is counted as fast as its count is looked up: it has some hundreds of names at most. */
const leastBytes = 16_384;

/** A directory that changed within this time, in ms, may change again without another ctime. */
const unsureMs = 2_000;

const maxBytes = 16 << 20;

export interface DirectoryCounts {
  /** How many names there are in a directory below the spool, of an endpoint's. @throws the errno of a directory that cannot be listed */
  count(endpoint: string, directory: string): number;
  /** The endpoint is owed nothing. */
  forget(endpoint: string): void;
  /** Keeps for the next lease what was counted. Best effort. */
  save(): void;
}

interface Count {
  count: number;
  /** The inode and the ctime in ns. */
  as: string;
}

/**
 * @param now ms since the epoch
 * @param files what there is in `endpoints/`
 */
export function createDirectoryCounts(
  disk: Disk,
  root: string,
  now: () => number,
  files: EndpointFiles,
): DirectoryCounts {
  const saved = new Map<string, ReadonlyMap<string, Count>>();
  const asked = new Map<string, Map<string, Count>>();

  function savedOf(endpoint: string): ReadonlyMap<string, Count> {
    let counts = saved.get(endpoint);
    if (counts === undefined) {
      if (!files.mayHave(nameOf(endpoint))) return none;
      counts = readCounts(disk, pathOf(root, endpoint));
      saved.set(endpoint, counts);
    }
    return counts;
  }

  return {
    count(endpoint, directory) {
      const path = `${root}/${directory}`;
      if (batchFilesOf(path) !== undefined) return countOwed(disk, path);
      const stat = disk.statSync(path, { bigint: true, throwIfNoEntry: false });
      if (stat === undefined) return 0;
      if (stat.size < leastBytes) return countNames(disk, path);
      const as = `${stat.ino}-${stat.ctimeNs}`;
      const known = asked.get(endpoint)?.get(directory) ?? savedOf(endpoint).get(directory);
      const isSure = stat.ctimeMs < BigInt(Math.floor(now() - unsureMs));
      const count = known?.as === as ? known.count : countNames(disk, path);
      if (isSure) {
        const counts = asked.get(endpoint) ?? new Map<string, Count>();
        asked.set(endpoint, counts.set(directory, { count, as }));
      }
      return count;
    },
    forget(endpoint) {
      if (savedOf(endpoint).size > 0) discard(disk, pathOf(root, endpoint));
      saved.delete(endpoint);
      asked.delete(endpoint);
    },
    save() {
      for (const endpoint of new Set([...saved.keys(), ...asked.keys()])) {
        const counts = asked.get(endpoint) ?? none;
        if (isSame(savedOf(endpoint), counts)) continue;
        files.add(nameOf(endpoint));
        writeCounts(disk, pathOf(root, endpoint), counts);
      }
    },
  };
}

const none: ReadonlyMap<string, Count> = new Map();

function nameOf(endpoint: string): string {
  return `${endpoint}.counts`;
}

function pathOf(root: string, endpoint: string): string {
  return `${root}/endpoints/${nameOf(endpoint)}`;
}

function isSame(a: ReadonlyMap<string, Count>, b: ReadonlyMap<string, Count>): boolean {
  return a.size === b.size && [...a].every(([directory, { as }]) => b.get(directory)?.as === as);
}

/** In place and without fsync: half a file is not believed. */
function writeCounts(disk: Disk, path: string, counts: ReadonlyMap<string, Count>): void {
  if (counts.size === 0) {
    discard(disk, path);
    return;
  }
  const bytes = Buffer.from(`${JSON.stringify(Object.fromEntries(counts))}\n`);
  try {
    const fd = disk.openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, privateFile);
    try {
      disk.writeSync(fd, bytes, 0, bytes.length);
    } finally {
      closeQuietly(disk, fd);
    }
  } catch (error) {
    ignoreErrno(error);
  }
}

function readCounts(disk: Disk, path: string): Map<string, Count> {
  try {
    const found = readEntry(disk, path, { maxBytes });
    return found.kind === 'read' ? parseCounts(found.bytes.toString('utf8')) : new Map();
  } catch (error) {
    ignoreErrno(error);
    return new Map(); // they are counted anew
  }
}

function parseCounts(text: string): Map<string, Count> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new Map(); // torn by a crash
  }
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(Object.entries(value).filter((entry): entry is [string, Count] => isCount(entry[1])));
}

function isCount(value: unknown): value is Count {
  if (typeof value !== 'object' || value === null) return false;
  const { count, as } = value as Partial<Count>;
  return Number.isSafeInteger(count) && Number(count) >= 0 && typeof as === 'string';
}
