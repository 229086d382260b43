/** `order: strict` with the real command and its spool: in order, one at a time, also when the drain is killed again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { randomNumbers } from '../support/random-numbers.js';
import { createWorld, until, type World } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { readLedger } from './support/oracle.js';

const kills = measure(6, 60);

/** Fires single events and batches by turns; returns the ids in the order in which they were accepted. */
async function fireMany(world: World, rounds: number): Promise<string[]> {
  const ids: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const name = `${round}`.padStart(4, '0');
    expect(await world.run(['fire', 'load', '-d', '1', '--id', `r${name}-a`])).toMatchObject({ code: 0 });
    const batch = ['fire', 'load', '--ndjson', '-', '--id', `r${name}-b`];
    expect(await world.run(batch, { input: '1\n2\n3\n4\n5' })).toMatchObject({ code: 0 });
    ids.push(`r${name}-a`, ...[1, 2, 3, 4, 5].map((n) => `r${name}-b_${n}`));
  }
  return ids;
}

describe('capnhook drain in strict order', () => {
  test(`sends one after the other, whatever fails, over ${kills} kills and the passes between them`, async () => {
    const world = createWorld();
    const random = randomNumbers(5);
    const asked: string[] = [];
    const done: string[] = [];
    let inFlight = 0;
    let most = 0;
    let onArrival = (): void => undefined;
    const endpoints = await startEndpoints({
      names: ['ledger'],
      defaults: 'order: strict, retry: {schedule: [5ms], jitter: 0}',
      async answer({ id }) {
        inFlight += 1;
        most = Math.max(most, inFlight);
        asked.push(id);
        onArrival();
        await sleep(random() * 4);
        inFlight -= 1;
        if (random() < 0.2) return 503;
        done.push(id);
        return 204;
      },
    });
    world.hooks(endpoints.hooks);
    const accepted = await fireMany(world, 2 + kills);
    for (let kill = 0; kill < kills; kill += 1) {
      await world.run(['drain']); // with a failure it ends there
      const drain = world.start(['drain', '--wait', '20s']);
      const wanted = asked.length + 1 + Math.floor(random() * 4);
      const reached = new Promise<void>((resolve) => {
        onArrival = () => void (asked.length >= wanted && resolve());
      });
      await Promise.race([reached, drain.ended]);
      drain.kill('SIGKILL');
      await drain.ended;
      await endpoints.quiet();
      inFlight = 0; // a killed one's request is over
    }
    await until('all is delivered', async () => (await world.run(['drain', '--wait', '20s'])).code === 0);

    expect(most).toBe(1);
    const inOrder = (ids: readonly string[]): string[] => ids.filter((id, at) => id !== ids[at - 1]);
    // What failed, or was in flight at a kill, comes again before anything else does.
    expect(inOrder(asked)).toEqual(accepted);
    expect(inOrder(done)).toEqual(accepted);
    expect(done.length - accepted.length).toBeLessThanOrEqual(kills);
    const { owed, dead, incoming } = readLedger(world.spool);
    expect([...owed, ...dead, ...incoming]).toEqual([]);
  });

  test('sends what failed before what was fired while it was in flight', async () => {
    const world = createWorld();
    const asked: string[] = [];
    let answer = (_status: number): void => undefined;
    const endpoints = await startEndpoints({
      names: ['ledger'],
      defaults: 'order: strict, retry: {schedule: [5ms], jitter: 0}',
      async answer({ id }) {
        asked.push(id);
        if (asked.length > 1) return 204;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    world.hooks(endpoints.hooks);
    await world.run(['fire', 'load', '-d', '1', '--id', 'first']);
    const drain = world.start(['drain', '--daemon', '-v']);
    await until('the first one is in flight', () => asked.length === 1);
    await world.run(['fire', 'load', '--ndjson', '-', '--id', 'batch'], { input: '1\n2' });
    await until('the batch is queued', () =>
      world.names('incoming').every((name) => !name.includes('batch')),
    );
    answer(503);
    await until('all is delivered', () => asked.length === 4);
    drain.kill('SIGTERM');
    await drain.ended;
    expect(asked).toEqual(['first', 'first', 'batch_1', 'batch_2']);
  });
});
