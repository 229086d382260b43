/** One event that its receiver cannot take does not hold up the others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorld, until } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';

const others = measure(200, 20_000);

/** Of an answer that speaks of the event, the second attempt is its own; of another one the third, after the probe. */
const aloneFrom: Readonly<Record<number, number>> = { 400: 2, 500: 3 };

test.each([400, 500])(
  'capnhook drain gets past an event at the head that is always answered %d: the others arrive at once, and it ends in dead/ with its why',
  async (status) => {
    const world = createWorld();
    /** How many of the others had come at each attempt of the poison. */
    const before: number[] = [];
    const isTakenIn = (): boolean => !world.names('incoming').some((name) => name.startsWith('rest'));
    let arrived = 0;
    const endpoints = await startEndpoints({
      names: ['picky'],
      // It is tried again when there is ample time for all the others, and then in quick succession.
      defaults: `timeout: 5m, retry: {schedule: [${measure(5, 60)}s, 10ms], jitter: 0}`,
      async answer({ id }) {
        if (id.startsWith('rest_')) arrived += 1;
        if (id !== 'poison') return 204;
        before.push(arrived);
        // How long it takes to take the others in is not what this is about.
        if (before.length === 1) await until('the others are taken in', isTakenIn, 90_000);
        return status;
      },
    });
    world.hooks(endpoints.hooks);
    const accepted = new Map([['poison', '{"poison":true}']]);
    expect(await world.run(['fire', 'load', '--id', 'poison', '-d', '{"poison":true}'])).toMatchObject({
      code: 0,
    });
    const payloads = Array.from({ length: others }, (_, n) => `{"n":${n}}`);
    for (const [n, payload] of payloads.entries()) accepted.set(`rest_${n + 1}`, payload);
    await world.run(['fire', 'load', '--ndjson', '-', '--id', 'rest'], { input: payloads.join('\n') });
    // Something succeeds all the time, as in life: it is by comparison that poison is known.
    const drain = world.start(['drain', '--daemon'], { lifeMs: measure(90_000, 600_000) });
    await drain.says('started');
    for (let n = 0; !readLedger(world.spool).dead.has('picky poison'); n += 1) {
      expect(n, 'it does not end in dead/').toBeLessThan(1_000);
      const id = `later${n}`;
      accepted.set(id, `${n}`);
      await world.run(['fire', 'load', '--id', id, '-d', `${n}`]);
    }
    drain.kill('SIGTERM');
    expect(await drain.ended).toMatchObject({ code: 143 });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });

    const { spool } = world;
    expect(problemsOf({ spool, accepted, received: endpoints.received })).toEqual([]);
    expect(endpoints.received.picky?.size).toBe(accepted.size - 1);
    expect(before[0], 'it is at the head').toBeLessThan(4);
    // Others do not wait for it: on a machine that has the time, all of them come before it is tried again.
    const meanwhile = before[(aloneFrom[status] ?? 0) - 1];
    expect(meanwhile, `at its attempts there were ${before}`).toBeGreaterThan(others / 2);
    expect([...readLedger(spool).dead]).toEqual(['picky poison']);
    const why = readFileSync(join(spool, 'dead/picky/poison.why.json'), 'utf8');
    expect(JSON.parse(why)).toMatchObject({
      reason: 'gave-up',
      message: `failed alone 8 times; last answer: ${status}`,
    });
  },
);
