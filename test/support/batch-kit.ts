/** A batch in a queue. */
import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { DrainSide, Why } from '../../src/spool/spool.js';
import { type Fault, faultyDisk } from './faulty-disk.js';
import { own } from './own.js';
import {
  claimAll,
  fanOutAll,
  farFuture,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from './spool-kit.js';

/** Why a delivery is given up. */
export const why: Why = { reason: 'gave-up', message: 'too old', attempts: 9, time: '' };

/** A batch's text: its header and its lines. */
export function batch(lines: readonly string[], id = 'b'): string {
  return [`{"id":"${id}","hook":"x"}`, ...lines, ''].join('\n');
}

/** A spool with a batch `b` that is queued for `a`. */
export async function queued(
  lines: readonly string[],
  fault?: Fault,
): Promise<{
  root: string;
  side: DrainSide;
  segment: string;
  progress: string;
  file: string;
}> {
  const root = madeSpool(quickDir());
  writeFileSync(`${root}/incoming/b.jsonl`, batch(lines));
  const side = await sideOf(spoolAt(root, fault && { disk: faultyDisk(fault).disk }));
  await fanOutAll(side, () => ['a']);
  const segment = `${root}/queue/a/00000001.${lines.length}.b`;
  return { root, side, segment, progress: `${segment}/b.done`, file: `${segment}/b.jsonl` };
}

/** Everything that the endpoint is owed, by a new drain, which ends then. */
export async function rest(root: string): Promise<string[]> {
  const side = await sideOf(spoolAt(root));
  await fanOutAll(side, () => ['a']);
  const claimed = await claimAll(side, 'a', farFuture);
  for (const delivery of claimed) await own.done(side, delivery);
  expect(side.byId.owing()).toEqual([]);
  await side.close();
  expect(names(`${root}/queue`)).toEqual([]);
  expect(names(`${root}/retry`)).toEqual([]);
  return claimed.map(text);
}
