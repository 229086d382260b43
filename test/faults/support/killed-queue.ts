/** Killing what works on a spool with five deliveries, three of them of a batch, at its system calls. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createWorld, type World } from '../../support/world.js';
import type { Call } from './strace.js';

/** The ids of the five. */
export const events: readonly string[] = ['batch_1', 'batch_2', 'batch_3', 'e1', 'e2'];

/** Minimum number of calls at which it is killed. */
const leastCalls = 6;

/** What moves, changes or removes a file comes first. */
const moves = /^(rename|link|unlink|pwrite64)/;

/** Another world with a copy of the spool, which belongs to these hooks. */
export function copyWith({ spool }: World, hooks: string): World {
  const world = createWorld();
  mkdirSync(dirname(world.spool), { recursive: true });
  cpSync(spool, world.spool, { recursive: true });
  writeFileSync(join(world.spool, 'hooks-file'), `${world.config}\n`);
  world.hooks(hooks);
  return world;
}

/** The ids of events, of keys that an endpoint may stand before. */
export function idsOf(keys: Iterable<string>): string[] {
  return [...keys].map((key) => key.slice(key.indexOf(' ') + 1)).sort();
}

/**
 * Kills at some calls, and at others as long as there is time.
 * @param options.longestMs the time, in ms
 * @param options.killAt whether it was killed
 * @returns at how many it was killed
 */
export async function killAtEach(
  calls: readonly Call[],
  { longestMs, killAt }: { longestMs: number; killAt(call: Call): Promise<boolean> },
): Promise<number> {
  const order = [
    ...calls.filter(({ name }) => moves.test(name)),
    ...calls.filter(({ name }) => !moves.test(name)),
  ];
  const deadline = performance.now() + longestMs;
  let hits = 0;
  for (const [tried, call] of order.entries()) {
    if (tried >= leastCalls && performance.now() > deadline) break;
    if (await killAt(call)) hits += 1;
  }
  return hits;
}
