/** One event that its receiver cannot take does not hold up the others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorld } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';

const others = measure(500, 20_000);

test.each([400, 500])(
  'capnhook drain gets past an event at the head that is always answered %d: the others arrive at once, and it ends in dead/ with its why',
  async (status) => {
    const world = createWorld();
    const when = { poison: 0, last: 0 };
    const endpoints = await startEndpoints({
      names: ['picky'],
      defaults: 'retry: {schedule: [100ms], jitter: 0}',
      answer({ id }) {
        const isPoison = id === 'poison';
        when[isPoison ? 'poison' : 'last'] = performance.now();
        return isPoison ? status : 204;
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
      expect(n).toBeLessThan(100);
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
    expect([...readLedger(spool).dead]).toEqual(['picky poison']);
    const why = readFileSync(join(spool, 'dead/picky/poison.why.json'), 'utf8');
    expect(JSON.parse(why)).toMatchObject({
      reason: 'gave-up',
      message: `failed alone 8 times; last answer: ${status}`,
    });
  },
);
