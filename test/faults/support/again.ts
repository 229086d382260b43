/** What a drain that was cut short will send again. */
import { expect } from 'vitest';
import type { World } from '../../support/world.js';
import type { Endpoints } from './endpoints.js';
import { readLedger } from './oracle.js';

/** Attempts in flight at once to one endpoint, at most. */
const concurrency = 4;

/**
 * What was answered with 2xx and is owed all the same will come again: no more than was in flight.
 * @returns each as `<endpoint> <event id>`
 */
export function expectAgain(world: World, { received }: Endpoints, name = ''): Set<string> {
  const { owed, incoming } = readLedger(world.spool);
  const again: string[] = [];
  for (const [endpoint, bodies] of Object.entries(received)) {
    const ids = [...bodies.keys()];
    expect(
      ids.filter((id) => incoming.has(id)),
      `sent before the intake was done: ${name}`,
    ).toEqual([]);
    const keys = ids.map((id) => `${endpoint} ${id}`).filter((key) => owed.has(key));
    expect(keys.length, `in flight to ${endpoint}: ${name}`).toBeLessThanOrEqual(concurrency);
    again.push(...keys);
  }
  return new Set(again);
}
