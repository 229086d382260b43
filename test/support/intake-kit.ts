/** Spools whose intake is under test, and what others put into `incoming/`. */
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { randomBytes } from '../../src/shared/machine/random.js';
import { createFileInbox } from '../../src/spool/file/accept/file-inbox.js';
import type { DrainSide, Inbox, Spool } from '../../src/spool/spool.js';
import { type DiskCall, type Fault, faultyDisk } from './faulty-disk.js';
import { fanOutAll, madeSpool, names, quickDir, read, sideOf, spoolAt } from './spool-kit.js';

/** Puts a file into `incoming/` by hand. */
export function drop(root: string, name: string | Buffer, content: string | Buffer): void {
  const path = Buffer.concat([Buffer.from(`${root}/incoming/`), Buffer.from(name)]);
  writeFileSync(path, content);
}

/** A spool on a disk that may fail, with a drain's side and an inbox. */
export async function opened({
  fault,
  directory = quickDir(),
}: {
  fault?: Fault;
  directory?: string;
} = {}): Promise<{ root: string; spool: Spool; side: DrainSide; inbox: Inbox }> {
  const root = madeSpool(directory);
  const spool = spoolAt(root, fault && { disk: faultyDisk(fault).disk });
  return { root, spool, side: await sideOf(spool), inbox: createFileInbox(root, { random: randomBytes }) };
}

/** Fans out to `a`, and expects that the one entry in `incoming/` was put aside whole. */
export async function putAside(root: string, side: DrainSide): Promise<{ name: string; reason: string }> {
  const { quarantined, postponed, events } = await fanOutAll(side, () => ['a']);
  expect({ events, postponed }).toEqual({ events: 0, postponed: [] });
  expect(quarantined).toHaveLength(1);
  const [entry] = quarantined;
  expect(readdirSync(`${root}/incoming`)).toEqual([]);
  expect(read(`${root}/corrupt/${entry!.name}.why`)).toBe(`${entry!.reason}\n`);
  expect(names(`${root}/corrupt`)).toContain(entry!.name);
  await side.close();
  return entry!;
}

/** A spool on which `act` is done once, right before the first call that matches. */
export async function raced(
  when: (call: DiskCall) => boolean,
  act: (root: string) => void,
  alsoFails?: string,
): Promise<{
  root: string;
  spool: Spool;
  side: DrainSide;
  drop(name: string, content: string): void;
}> {
  const root = madeSpool(quickDir());
  let done = false;
  const { disk } = faultyDisk((call) => {
    if (!done && when(call)) {
      done = true;
      act(root);
    }
    return call.name === 'linkSync' ? alsoFails : undefined;
  });
  const spool = spoolAt(root, { disk });
  const drop = (name: string, content: string) => writeFileSync(`${root}/incoming/${name}`, content);
  return { root, spool, side: await sideOf(spool), drop };
}

/** An event file with the id `mine`. */
export function mine(payload: string): string {
  return `{"id":"mine","hook":"x","payload":${payload}}`;
}

/** Moves a new file over one of `incoming/`, as `mv` does. */
export function replace(root: string, name: string, content: string): void {
  writeFileSync(`${root}/tmp/new`, content);
  renameSync(`${root}/tmp/new`, `${root}/incoming/${name}`);
}
