import {
  constants,
  existsSync,
  fchmodSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, onTestFinished } from 'vitest';
import type { EventHeader } from '../../src/event/event.js';
import { randomBytes } from '../../src/shared/machine/random.js';
import { type Disk, systemDisk } from '../../src/spool/file/disk/disk.js';
import { createFileSpool } from '../../src/spool/file/file-spool.js';
import type { KernelLock } from '../../src/spool/file/lock/kernel-lock.js';
import { ensureSpool } from '../../src/spool/file/setup/create.js';
import type { Placement, RoutedEntry, Taken } from '../../src/spool/intake.js';
import type {
  ClaimedEntry,
  Delivery,
  Discarded,
  DiscardedEntry,
  DiscardRequest,
  DrainSide,
  Spool,
} from '../../src/spool/spool.js';
import { own } from './own.js';

/** Whether the tests run as root; what needs it is skipped otherwise, and says so. */
export const isRoot: boolean = process.geteuid?.() === 0;

/** For tests that change owners, or make devices. */
export const asRoot: typeof it | typeof it.skip = isRoot ? it : it.skip;

/** Later than any due time. */
export const farFuture: number = Date.parse('2099-01-01T00:00:00.000Z');

/** A directory in memory where there is one, for tests that make thousands of spools. */
export function quickDir(): string {
  const path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'capnhook-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A spool made and ready. */
export function madeSpool(directory: string): string {
  const root = `${directory}/spool`;
  ensureSpool(systemDisk, root, { token: 'made' });
  return root;
}

export interface KitOptions {
  disk?: Disk;
  now?: () => number;
  maxNames?: number;
  /** How long an entry must be still before it is put aside, in ms; default 0. */
  stillMs?: number;
  /** So many names of `incoming/` are listed at a time. */
  listed?: number;
  takeKernelLock?: (path: string, options: { mode: number }) => KernelLock;
}

/** The file spool with a lock that an abandoned drain does not hold, as after `kill -9`. */
export function spoolAt(
  root: string,
  { disk, now = Date.now, maxNames, stillMs = 0, listed, takeKernelLock }: KitOptions = {},
): Spool {
  return createFileSpool(root, {
    now,
    stillMs,
    random: randomBytes,
    ...(disk && { disk }),
    ...(maxNames !== undefined && { maxNames }),
    ...(listed !== undefined && { listed }),
    takeKernelLock: takeKernelLock ?? freeLock,
  });
}

function freeLock(path: string, { mode }: { mode: number }): KernelLock {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, mode);
  fchmodSync(fd, mode);
  return { kind: 'locked', fd };
}

/** The drain's side of a spool. @throws if another drain has joined */
export async function sideOf(spool: Spool): Promise<DrainSide> {
  const result = await spool.join('pass');
  if (!result.joined) throw new Error('the spool is held');
  return result.side;
}

/** Who gets an event; `unknown`: that is not known. */
export type Route = (event: EventHeader) => readonly string[] | 'unknown';

/** Why nobody gets an event; undefined: it is dropped. */
export type Nobody = (event: EventHeader) => string | undefined;

/** What a step of the intake has done: one `take` and one `place`. */
export interface FanOut extends Placement, Omit<Taken, 'entries'> {
  /** Ids of entries that were not placed. */
  unknown: readonly string[];
}

export interface FanOutOptions {
  nobody?: Nobody;
  canSendNow?: (endpoint: string) => boolean;
}

/** Takes the next entries and places them. */
export async function fanOut(
  side: Pick<DrainSide, 'intake'>,
  route: Route,
  { nobody = () => 'nobody is registered for it', canSendNow = () => false }: FanOutOptions = {},
): Promise<FanOut> {
  const { entries, ...taken } = await side.intake.take();
  const nothing = { events: 0, deliveries: 0, unclaimed: [], isStale: false };
  if (entries.length === 0) return { ...taken, ...nothing, unknown: [] };
  const routed: RoutedEntry[] = [];
  const unknown: string[] = [];
  for (const entry of entries) {
    const endpoints = route(entry.header);
    if (endpoints === 'unknown') unknown.push(entry.header.id);
    else {
      const why = endpoints.length === 0 ? nobody(entry.header) : undefined;
      const sendsNow = endpoints.length === 1 && canSendNow(endpoints[0]!);
      routed.push({ entry, endpoints, why, isDropped: why === undefined, canSendNow: sendsNow });
    }
  }
  const placement = await side.intake.place(routed);
  return {
    ...taken,
    ...placement,
    unknown,
    postponed: [...taken.postponed, ...placement.postponed],
    immovable: [...taken.immovable, ...placement.immovable],
  };
}

/** Takes in until nothing more is waiting; the steps together. */
export async function fanOutAll(
  side: Pick<DrainSide, 'intake'>,
  route: Route,
  nobody?: Nobody,
): Promise<FanOut> {
  const all: Mutable<FanOut> = {
    events: 0,
    deliveries: 0,
    unclaimed: [],
    unknown: [],
    quarantined: [],
    postponed: [],
    immovable: [],
    changing: [],
    checked: 0,
    isStale: false,
    more: false,
  };
  for (;;) {
    const step = await fanOut(side, route, { nobody });
    all.events += step.events;
    all.deliveries += step.deliveries;
    all.checked += step.checked;
    all.unclaimed = [...all.unclaimed, ...step.unclaimed];
    all.unknown = [...all.unknown, ...step.unknown];
    all.quarantined = [...all.quarantined, ...step.quarantined];
    all.postponed = all.postponed.filter(({ name }) => !step.postponed.some((each) => each.name === name));
    all.postponed = [...all.postponed, ...step.postponed];
    all.immovable = [...all.immovable, ...step.immovable];
    all.changing = step.changing;
    if (!step.more) return all;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Everything that an endpoint can be sent at `now`, claimed. */
export async function claimAll(side: DrainSide, endpoint: string, now = 0): Promise<readonly Delivery[]> {
  return (await own.claim(side, endpoint, { limit: 100_000, now })).deliveries;
}

/** All that a request moves to the dead, its steps together. */
export async function discardAll(
  side: DrainSide,
  request: DiscardRequest,
): Promise<Omit<Discarded, 'quarantined'>> {
  const entries: DiscardedEntry[] = [];
  const claimed: ClaimedEntry[] = [];
  for (;;) {
    const step = await side.discard(request);
    entries.push(...step.entries);
    claimed.push(...step.claimed);
    if (step.isDone) return { entries, claimed, isDone: true };
  }
}

/** A payload as text. */
export function text({ event }: Pick<Delivery, 'event'>): string {
  return Buffer.from(event.payload).toString();
}

/** The ids of deliveries. */
export function ids(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ event }) => event.id);
}

/** The names in a directory of the spool, sorted; none if it is not there. */
export function names(path: string): string[] {
  return existsSync(path) ? readdirSync(path).sort() : [];
}

/** All regular files below a directory, as paths from there. */
export function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

/** The text of a file. */
export function read(path: string): string {
  return readFileSync(path, 'utf8');
}
