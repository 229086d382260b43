/** A healthy endpoint beside others that hang: it gets its events, whatever places in flight and payloads they hold. */
import { describe, expect, test } from 'vitest';
import type { AnswerRequest } from '../support/receiver.js';
import { createWorld, until } from '../support/world.js';

/** Answers nothing but requests for `/healthy`. */
const hanging: AnswerRequest = ({ path }) => (path === '/healthy' ? undefined : new Promise(() => {}));

/** What hangs takes longer than a test may. */
const timeout = 'timeout: 10m';

interface Case {
  /** The endpoints of the hook `bad`, in the hooks file. */
  bad: (url: string) => string[];
  defaults?: string;
  /** How many attempts hang when the healthy endpoint has its event fired. */
  stuck: number;
  prefix?: string[];
}

/** Resolves when the healthy endpoint has had 50 events while the others hang. */
async function expectHealthy({ bad, defaults = '', stuck, prefix = [] }: Case): Promise<void> {
  const world = createWorld();
  const receiver = await world.receiver(hanging);
  world.hooks(`hooks:
  bad: [${bad(receiver.url).join(', ')}]
  good: ["${receiver.url}/healthy"]
defaults: {${[timeout, ...(defaults === '' ? [] : [defaults])].join(', ')}}
`);
  const lines = (count: number) => Array.from({ length: count }, () => '{}\n').join('');
  await world.run(['fire', 'bad', '--ndjson', '-'], { input: lines(300) });
  const drain = world.start(['drain', '--daemon', '--grace', '0s'], { prefix });
  await receiver.waitFor(stuck, 30_000);
  await world.run(['fire', 'good', '--ndjson', '-'], { input: lines(50) });
  const healthy = () => receiver.requests.filter(({ path }) => path === '/healthy').length;
  await until('the healthy endpoint has its events', () => healthy() === 50);
  drain.kill('SIGKILL');
  await drain.ended;
}

const urls = (count: number) => (url: string) =>
  Array.from({ length: count }, (_, n) => JSON.stringify(`${url}/${n}`));

describe('places in flight', () => {
  test.each<Case & { name: string }>([
    { name: '150 endpoints that hang', bad: urls(150), stuck: 256 },
    { name: 'more of them than maxInFlight', bad: urls(60), defaults: 'maxInFlight: 16', stuck: 60 },
    {
      name: 'more of them than descriptors allow',
      bad: urls(60),
      stuck: 42,
      prefix: ['sh', '-c', 'ulimit -n 128; exec "$0" "$@"'],
    },
    { name: 'one with concurrency: 256', bad: (url) => [`{url: "${url}/0", concurrency: 256}`], stuck: 256 },
  ])('a healthy endpoint does not wait for $name', async (given) => {
    await expectHealthy(given);
  });

  test('drain keeps within ulimit -n, and blames no endpoint for it', async () => {
    const world = createWorld();
    let [open, most] = [0, 0];
    const receiver = await world.receiver(async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 50));
      open -= 1;
      return undefined;
    });
    world.hooks(`hooks: {complete: [${urls(200)(receiver.url).join(', ')}]}\n`);
    await world.run(['fire', 'complete', '-d', '1']);
    const prefix = ['sh', '-c', 'ulimit -n 128; exec "$0" "$@"'];
    expect(await world.start(['drain', '--json'], { prefix }).ended).toMatchObject({ code: 0, stderr: '' });
    expect(receiver.requests).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(56);
  });
});
