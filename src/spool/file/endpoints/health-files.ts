/**
 * `endpoints/<endpoint>.json`: what must last from one pass to the next.
 * History only: losing it, or finding it torn, costs nothing else.
 */
import {
  type FailedDelivery,
  type Health,
  type HeldAll,
  maxAgainst,
  type Pause,
} from '../../../endpoint/health.js';
import { parsePace } from '../../../endpoint/pace.js';
import type { ClockReading } from '../../../shared/clock.js';
import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { readEntry } from '../disk/read-entry.js';
import {
  closeQuietly,
  discard,
  ensureRoom,
  removeIfThere,
  syncDirectory,
  writeDurably,
  writeWhole,
} from '../disk/write-file.js';
import type { EndpointFiles } from './endpoint-files.js';

/** Minimum time between two writes, in ms. */
const saveEveryMs = 1000;
const maxBytes = 64 * 1024;

/** What is known of an endpoint's health. */
export interface HealthEntry {
  readonly endpoint: string;
  health: Health;
}

export interface HealthFiles {
  get(endpoint: string): Health;
  /** What `get` tells of, until the endpoint is forgotten. */
  entryOf(endpoint: string): Readonly<HealthEntry>;
  /**
   * @param options.isImmediate whether it is to outlast the process from now on; default: from a second later on
   * @param options.isDurable whether it is to outlast a power cut as well; default false
   * @throws only where it is to be durable: the errno of what failed
   */
  set(endpoint: string, health: Health, options?: { isImmediate?: boolean; isDurable?: boolean }): void;
  /** An endpoint that is owed nothing is not known any more, unless there is something to know. */
  forget(endpoint: string): void;
  /** Writes what has changed. */
  flush(): void;
  /** Forgets what has changed: where it would be written is not ours any more. */
  cancel(): void;
}

/**
 * @param token names a temporary file, uniquely
 * @param files what there is in `endpoints/`
 */
export function createHealthFiles(
  disk: Disk,
  root: string,
  token: () => string,
  files: EndpointFiles,
): HealthFiles {
  const known = new Map<string, HealthEntry>();
  const changed = new Map<string, Health>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const [endpoint, health] of changed) write(endpoint, health);
    changed.clear();
  }

  function write(endpoint: string, health: Health): void {
    files.add(nameOf(endpoint));
    writeHealth(disk, root, { endpoint, health, token });
  }

  function writeLasting(endpoint: string, health: Health): void {
    files.add(nameOf(endpoint));
    writeDurableHealth(disk, root, { endpoint, health, token });
    changed.delete(endpoint);
  }

  function entryOf(endpoint: string): HealthEntry {
    let entry = known.get(endpoint);
    if (entry === undefined) {
      const health = files.mayHave(nameOf(endpoint)) ? readHealth(disk, root, endpoint) : {};
      entry = { endpoint, health };
      known.set(endpoint, entry);
    }
    return entry;
  }

  return {
    get: (endpoint) => entryOf(endpoint).health,
    entryOf,
    set(endpoint, health, { isImmediate = false, isDurable = false } = {}) {
      if (isDurable) writeLasting(endpoint, health);
      const entry = known.get(endpoint);
      if (entry === undefined) known.set(endpoint, { endpoint, health });
      else entry.health = health;
      if (isDurable) return;
      if (isImmediate) {
        changed.delete(endpoint);
        write(endpoint, health);
        return;
      }
      changed.set(endpoint, health);
      timer ??= setTimeout(flush, saveEveryMs).unref();
    },
    forget(endpoint) {
      if (!changed.has(endpoint) && isEmpty(known.get(endpoint)?.health)) known.delete(endpoint);
    },
    flush,
    cancel() {
      clearTimeout(timer);
      changed.clear();
    },
  };
}

/** An endpoint's saved health; that of a well endpoint if the file is missing or cannot be read. */
export function readHealth(disk: Disk, root: string, endpoint: string): Health {
  try {
    const found = readEntry(disk, `${root}/endpoints/${nameOf(endpoint)}`, { maxBytes });
    return found.kind === 'read' ? parseHealth(found.bytes.toString('utf8')) : {};
  } catch (error) {
    ignoreErrno(error);
    return {}; // history only
  }
}

/** Whether `endpoints/<endpoint>.json` is what was saved of this endpoint, and not a file that a person has put there. */
export function isHealthOf(disk: Disk, root: string, endpoint: string): boolean {
  try {
    const found = readEntry(disk, `${root}/endpoints/${nameOf(endpoint)}`, { maxBytes });
    if (found.kind !== 'read') return false;
    const saved: unknown = JSON.parse(found.bytes.toString('utf8'));
    return typeof saved === 'object' && saved !== null && 'endpoint' in saved && saved.endpoint === endpoint;
  } catch (error) {
    if (!(error instanceof SyntaxError)) ignoreErrno(error);
    return false;
  }
}

/** Best effort, and atomic except in a power cut: history only. */
function writeHealth(
  disk: Disk,
  root: string,
  { endpoint, health, token }: { endpoint: string; health: Health; token: () => string },
): void {
  const path = `${root}/endpoints/${nameOf(endpoint)}`;
  let temporary: string | undefined;
  try {
    if (isEmpty(health)) {
      disk.unlinkSync(path);
      return;
    }
    temporary = `${root}/tmp/${token()}`; // random bytes come from a file, too
    const bytes = bytesOf(endpoint, health);
    // No fsync: of a thousand endpoints that fail at the same time each would hold up all others.
    writeWhole(disk, temporary, { bytes, mode: privateFile });
    disk.renameSync(temporary, path);
  } catch (error) {
    if (temporary !== undefined) discard(disk, temporary);
    ignoreErrno(error);
  }
}

/** For what a person asked for: it was promised. @throws the errno of what failed */
function writeDurableHealth(
  disk: Disk,
  root: string,
  { endpoint, health, token }: { endpoint: string; health: Health; token: () => string },
): void {
  const directory = ensureRoom(disk, root, 'endpoints');
  const path = `${directory}/${nameOf(endpoint)}`;
  if (isEmpty(health)) removeIfThere(disk, path);
  else {
    const temporary = `${root}/tmp/${token()}`;
    const content = { bytes: bytesOf(endpoint, health), mode: privateFile };
    closeQuietly(disk, writeDurably(disk, temporary, content));
    disk.renameSync(temporary, path);
  }
  syncDirectory(disk, directory);
}

function bytesOf(endpoint: string, health: Health): Buffer {
  return Buffer.from(`${JSON.stringify({ endpoint, ...health })}\n`);
}

function nameOf(endpoint: string): string {
  return `${endpoint}.json`;
}

function isEmpty(health: Health | undefined): boolean {
  return health === undefined || Object.values(health).every((value) => value === undefined);
}

function parseHealth(text: string): Health {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {}; // torn by a crash: history only
  }
  if (typeof value !== 'object' || value === null) return {};
  const { failures, since, parkedUntil, failedAt, paused, last, failedDeliveries } = value as Health;
  const { ageFrom, allowed, against, clock, pace, limitedAt, heldSince, heldAll, mistake } = value as Health;
  const { pause } = value as Health;
  const askedUntil = askedUntilOf(value as Health & { asked?: unknown });
  return {
    failures: isCount(failures) ? failures : undefined,
    since: isCount(since) ? since : undefined,
    parkedUntil: isCount(parkedUntil) ? parkedUntil : undefined,
    askedUntil: isCount(askedUntil) ? askedUntil : undefined,
    limitedAt: isCount(limitedAt) ? limitedAt : undefined,
    failedAt: Array.isArray(failedAt) && failedAt.every(isCount) ? failedAt : undefined,
    ageFrom: isCount(ageFrom) ? ageFrom : undefined,
    heldSince: isCount(heldSince) ? heldSince : undefined,
    heldAll: isHeldAll(heldAll) ? heldAll : undefined,
    mistake: typeof mistake === 'string' ? mistake : undefined,
    paused: typeof paused === 'string' ? paused : undefined,
    pause: isPause(pause) ? pause : undefined,
    last: typeof last === 'string' ? last : undefined,
    failedDeliveries: isFailedDeliveries(failedDeliveries) ? failedDeliveries : undefined,
    allowed: isCount(allowed) && allowed >= 1 ? allowed : undefined,
    against: isAgainst(against) ? against : undefined,
    clock: isReading(clock) ? { boot: clock.boot, bootedAt: clock.bootedAt } : undefined,
    pace: parsePace(pace),
  };
}

/** An earlier version wrote only that the endpoint had asked for the wait. */
function askedUntilOf({ askedUntil, asked, parkedUntil }: Health & { asked?: unknown }): unknown {
  return asked === true ? (askedUntil ?? parkedUntil) : askedUntil;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isHeldAll(value: unknown): value is HeldAll {
  if (typeof value !== 'object' || value === null) return false;
  const { hooks, queue, afterMs } = value as HeldAll;
  return typeof hooks === 'string' && typeof queue === 'string' && isCount(afterMs);
}

function isPause(value: unknown): value is Pause {
  if (typeof value !== 'object' || value === null) return false;
  const { by, at, until } = value as Pause;
  return typeof by === 'string' && isCount(at) && (until === undefined || isCount(until));
}

function isAgainst(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxAgainst) return false;
  return value.every((each) => typeof each === 'string');
}

function isReading(value: unknown): value is ClockReading {
  if (typeof value !== 'object' || value === null) return false;
  const { boot, bootedAt } = value as ClockReading;
  return typeof boot === 'string' && Number.isFinite(bootedAt);
}

function isFailedDeliveries(value: unknown): value is readonly FailedDelivery[] {
  return Array.isArray(value) && value.every(isFailedDelivery);
}

function isFailedDelivery(value: unknown): value is FailedDelivery {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isCount(value[1]);
}
