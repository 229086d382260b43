/** A drain of a small spool with a fault somewhere, and what must be true after it. */
import { closeSync, constants, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { randomBytes } from '../../src/shared/machine/random.js';
import { createFileInbox } from '../../src/spool/file/accept/file-inbox.js';
import type { KernelLock } from '../../src/spool/file/lock/kernel-lock.js';
import type { Delivery, DrainSide, OwnedEndpoint } from '../../src/spool/spool.js';
import { event, shellEvent } from './builders.js';
import { type Fault, faultyDisk, Killed } from './faulty-disk.js';
import { own } from './own.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  farFuture,
  filesBelow,
  madeSpool,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from './spool-kit.js';

const corruptText = '{"hook":"x","payload":';
const singles = ['0', '1', '2', '3', '4'];
const members = Array.from({ length: 9 }, (_, n) => `"event ${n + 1} of the batch"`);
const dueMs = Date.parse('2030-01-01T00:00:00.000Z');

/** Five events, one dropped by a shell, a batch, and something unreadable; returns the payloads that can be read. */
async function filled(root: string, batchSize: number): Promise<string[]> {
  madeSpool(root.slice(0, -'/spool'.length));
  const inbox = createFileInbox(root, { random: randomBytes });
  for (const payload of singles) await inbox.enqueue(event({ payload: Buffer.from(payload) }));
  const { payload: _, ...header } = event();
  const batch = members.slice(0, batchSize);
  await inbox.enqueue({ ...header, payloads: batch.map((each) => Buffer.from(each)) });
  writeFileSync(`${root}/incoming/dropped.json`, shellEvent('complete', '"shell"'));
  writeFileSync(`${root}/incoming/torn.json`, corruptText);
  return [...singles, '"shell"', ...batch];
}

/** What became of each delivery, by `<endpoint> <payload>`. */
interface Told {
  claimed: string[];
  done: Set<string>;
  buried: Set<string>;
  deferred: Set<string>;
  /** Being removed when something failed: it may be gone or not. */
  unsure: Set<string>;
  error: unknown;
  /** Whether the spool was left as it was, as a kill leaves it. */
  abandoned: boolean;
}

function keyOf(delivery: Delivery): string {
  return `${delivery.endpoint} ${text(delivery)}`;
}

/** Drains until something fails, then closes, as the drain does. */
async function drainOnce(
  root: string,
  {
    open,
    endpoints,
    fromInbox,
    keeps,
  }: Pick<Required<FaultyDrainOptions>, 'endpoints' | 'fromInbox' | 'keeps'> & {
    open: () => Promise<DrainSide>;
  },
): Promise<Told> {
  const told: Told = {
    claimed: [],
    done: new Set(),
    buried: new Set(),
    deferred: new Set(),
    unsure: new Set(),
    error: undefined,
    abandoned: false,
  };
  let side: DrainSide | undefined;
  try {
    side = await open();
    for (let more = fromInbox; more; ) {
      ({ more } = await fanOut(side, () => endpoints, { canSendNow: () => true }));
      await settleAll(root, side, { told, keeps });
    }
    await fanOutAll(side, () => endpoints);
    await settleAll(root, side, { told, keeps });
  } catch (error) {
    told.error = error;
  }
  told.abandoned = side !== undefined && told.error instanceof Killed;
  if (told.abandoned) return told;
  await side?.close().catch((error: unknown) => {
    told.error ??= error;
  });
  return told;
}

interface Settling {
  told: Told;
  keeps: boolean;
}

async function settleAll(root: string, { queues }: DrainSide, settling: Settling): Promise<void> {
  for (const owned of await queues.acquire({ limit: 1_000, now: 0 })) await settle(root, owned, settling);
}

async function settle(root: string, owned: OwnedEndpoint, { told, keeps }: Settling): Promise<void> {
  const { deliveries } = await owned.claim({ limit: 100_000, now: 0 });
  for (const delivery of deliveries) {
    const entry = delivery.event.id.replace(/_\d+$/, '');
    expect(existsSync(`${root}/incoming/${entry}.jsonl`)).toBe(false);
    told.claimed.push(keyOf(delivery));
  }
  for (const [index, delivery] of deliveries.entries()) {
    const key = keyOf(delivery);
    if (index % 4 === 0) {
      told.unsure.add(key);
      await owned.done(delivery, keeps ? { keepMaxBytes: Infinity } : undefined);
      told.done.add(key);
      told.unsure.delete(key);
    } else if (index % 4 === 1) {
      await owned.defer(delivery, { dueMs, attempts: 3 });
      told.deferred.add(key);
    } else if (index % 4 === 2) {
      await owned.bury(delivery, { reason: 'gave-up', message: 'too old', attempts: 9, time: '' });
      told.buried.add(key);
    } else {
      owned.giveBack(delivery);
    }
  }
  await owned.saveHealth({ failures: 1 });
}

/** The payloads of the event files below a directory. */
function payloadsBelow(directory: string, payloads: readonly string[]): string[] {
  return filesBelow(directory)
    .filter((name) => /\.jsonl?(\.\d+)?$/.test(name) && !name.endsWith('.why.json'))
    .flatMap((name) => {
      const content = readFileSync(`${directory}/${name}`, 'utf8');
      return payloads.filter(
        (payload) => content.includes(`"payload":${payload}\n`) || content.includes(`\n${payload}\n`),
      );
    });
}

/** A drain without faults finds all that is owed, once, and nothing that is done with. */
async function judge(
  root: string,
  { told, endpoints, payloads, mayBeCorrupt, keeps }: Judged,
): Promise<void> {
  const side = await sideOf(spoolAt(root));
  const { postponed } = await fanOutAll(side, () => endpoints);
  expect(postponed).toEqual([]);
  const found: string[] = [];
  for (const endpoint of endpoints) {
    for (const delivery of await claimAll(side, endpoint, farFuture)) {
      const key = keyOf(delivery);
      found.push(key);
      if (told.deferred.has(key)) expect(delivery.attempts).toBe(3);
      await own.done(side, delivery);
    }
  }
  expect(new Set(found).size).toBe(found.length);
  expect(side.byId.owing()).toEqual([]);
  expect(await side.waiting()).toBe(0);
  const aside = payloadsBelow(`${root}/corrupt`, payloads);
  if (!mayBeCorrupt) expect(aside).toEqual([]);
  // A reason that was left alone takes the first name.
  const torn = filesBelow(`${root}/corrupt`).filter((name) => /^torn\.json(\.1)?$/.test(name));
  expect(torn.map((name) => readFileSync(`${root}/corrupt/${name}`, 'utf8'))).toEqual([corruptText]);
  if (keeps && told.abandoned) expectKept(root, told);
  for (const endpoint of endpoints) {
    const dead = payloadsBelow(`${root}/dead/${endpoint}`, payloads);
    for (const payload of payloads) {
      const key = `${endpoint} ${payload}`;
      const places = [
        ...(told.done.has(key) ? ['done'] : []),
        ...(found.includes(key) ? ['found'] : []),
        ...(dead.includes(payload) ? ['dead'] : []),
      ];
      if (told.unsure.has(key)) expect(places.length, key).toBeLessThanOrEqual(1);
      else if (aside.includes(payload)) expect(places.length, key).toBeLessThanOrEqual(1);
      else expect(places, key).toHaveLength(1);
      if (told.buried.has(key)) expect(places, key).toEqual(['dead']);
      if (told.deferred.has(key)) expect(places, key).toEqual(['found']);
    }
  }
  await side.close();
  for (const room of ['queue', 'retry', 'incoming']) expect(filesBelow(`${root}/${room}`)).toEqual([]);
}

/** Whatever was done before a kill is kept. */
function expectKept(root: string, { done }: Told): void {
  const kept = filesBelow(`${root}/sent`).filter((path) => path !== 'sizes.json');
  const texts = kept.map((path) => `${path.split('/')[1]} ${readFileSync(`${root}/sent/${path}`, 'utf8')}`);
  for (const key of done) {
    const [endpoint, payload] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
    const has = (text: string) => text.startsWith(`${endpoint} `) && text.includes(`"payload":${payload}\n`);
    expect(texts.filter(has), key).toHaveLength(1);
  }
}

export interface FaultyDrainOptions {
  mayBeCorrupt?: boolean;
  /** Default: three, and a batch of two. With one, an event is moved into its queue, and all becomes of a batch of nine. */
  endpoints?: readonly string[];
  /** Whether events with one endpoint are sent from `incoming/`; default false. */
  fromInbox?: boolean;
  /** Whether what is delivered is kept in `sent/`; default false. */
  keeps?: boolean;
}

interface Judged extends Required<Omit<FaultyDrainOptions, 'fromInbox'>> {
  told: Told;
  payloads: readonly string[];
}

/** Drains a new spool on a disk with a fault, and checks that nothing is lost and nothing repeated. */
export async function drainWith(
  fault: Fault,
  {
    mayBeCorrupt = false,
    endpoints = ['a', 'b', 'c'],
    fromInbox = false,
    keeps = false,
  }: FaultyDrainOptions = {},
): Promise<{ calls: number; told: Told }> {
  const directory = quickDir();
  const root = `${directory}/spool`;
  const payloads = await filled(root, endpoints.length === 1 ? 9 : 2);
  const faulty = faultyDisk(fault);
  const locks: number[] = [];
  function takeKernelLock(path: string): KernelLock {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    locks.push(fd);
    return { kind: 'locked', fd };
  }
  const open = (): Promise<DrainSide> => sideOf(spoolAt(root, { disk: faulty.disk, takeKernelLock }));
  const told = await drainOnce(root, { open, endpoints, fromInbox, keeps });
  const calls = faulty.calls();
  faulty.closeAll();
  if (told.abandoned) for (const fd of locks) closeSync(fd);
  await judge(root, { told, endpoints, payloads, mayBeCorrupt, keeps });
  rmSync(directory, { recursive: true });
  return { calls, told };
}

/** With a fault at call `from` (1) and at `every` one (1) after it, until a run makes fewer; returns which was the last. */
export async function atEachCall(
  faultAt: (n: number) => Fault,
  { from = 1, every = 1, ...options }: FaultyDrainOptions & { from?: number; every?: number } = {},
): Promise<number> {
  for (let n = from; ; n += every) {
    const { calls } = await drainWith(faultAt(n), options).catch((error: unknown) => {
      throw new Error(`with the fault at call ${n}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    });
    if (calls < n) return n - every;
  }
}
