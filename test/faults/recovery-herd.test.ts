/** An endpoint that comes back, with much to catch up on, is not run over. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorld } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { memoryDir } from './support/memory-dir.js';

const owed = measure(10_000, 50_000);
const concurrency = 16;

/** The attempts that are allowed at once after so many successes since the endpoint was parked. */
function allowedAfter(successes: number): number {
  let allowed = 1;
  for (let left = successes - 1; left >= allowed; allowed += 1) left -= allowed;
  return Math.min(allowed, concurrency);
}

test('capnhook drain lets an endpoint that recovers take on more and more: its concurrency is within the curve at every moment', async () => {
  const world = createWorld();
  const env = { CAPNHOOK_SPOOL: join(memoryDir(), 'spool') };
  let down = 25;
  let answered = 0;
  let inFlight = 0;
  let most = 0;
  const beyond: string[] = [];
  const endpoints = await startEndpoints({
    names: ['back'],
    defaults: `concurrency: ${concurrency}, retry: {schedule: [20ms], jitter: 0}`,
    async answer() {
      inFlight += 1;
      try {
        if (down > 0) {
          down -= 1;
          return 503;
        }
        most = Math.max(most, inFlight);
        // What was answered may be on its way still: the sender knows of that many at most.
        if (inFlight > allowedAfter(answered)) beyond.push(`${inFlight} at once after ${answered}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        answered += 1;
        return 204;
      } finally {
        inFlight -= 1;
      }
    },
  });
  world.hooks(endpoints.hooks);
  const payloads = Array.from({ length: owed }, (_, n) => `{"n":${n}}`).join('\n');
  expect(await world.run(['fire', 'load', '--ndjson', '-'], { env, input: payloads })).toMatchObject({
    code: 0,
  });
  let code: unknown = 75;
  for (let runs = 0; code === 75 && runs < measure(2, 10); runs += 1)
    code = (await world.run(['drain', '--wait', '25s'], { env })).code;
  expect(code).toBe(0);
  expect(beyond).toEqual([]);
  expect(most).toBe(concurrency);
  expect(endpoints.received.back?.size).toBe(owed);
  expect([...(endpoints.received.back?.values() ?? [])].every(({ length }) => length === 1)).toBe(true);
});
