/**
 * The real command, killed at its system calls by strace: whatever it was
 * doing, what exited 0 is delivered whole, and only what was in flight comes twice.
 */
import { rmSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { createWorld, eachOf, type World } from '../support/world.js';
import { expectAgain } from './support/again.js';
import { type Endpoints, startEndpoints } from './support/endpoints.js';
import { type FilledSpool, fillSpool, rejectOnce, worldOf } from './support/filled-spool.js';
import { record, runKilled } from './support/killed.js';
import { isLong, measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';
import { type Call, fewThreads, kindOf, spread } from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace', 'flock'] });
const env = fewThreads;

/**
 * Where to kill. Before a call that changes nothing the spool is as it is before the next one: in the short
 * measure those are left out, and of calls that are alike the first, the last and one between are killed at.
 */
function someOf(calls: readonly Call[]): Call[] {
  return isLong ? [...calls] : spread(calls.filter(({ changes }) => changes));
}

interface Points {
  calls: readonly Call[];
  /** Those of which `calls` are some. */
  all?: readonly Call[];
  /** What must be among the calls that it was killed at. */
  required?: readonly RegExp[];
}

/** Of calls that are alike the first one is always killed at; the others as long as there is time, in ms. */
const longestMs = measure(4_000, 3_000_000);

/** A machine that is busy with other things may take so long for the first ones. */
const mayTakeMs = measure(600_000, 3_600_000);

/**
 * Kills at each of the calls, and says at how many it came to that. Which of the calls that are alike is hit depends,
 * while it sends, on how quick they are: each kind must be among those that were.
 */
async function killAtEach(
  what: string,
  { calls, all = calls, required = [] }: Points,
  killAt: (call: Call) => Promise<string | undefined>,
): Promise<void> {
  const hit: string[] = [];
  const kinds = new Set(calls.map(({ shape }) => kindOf(shape)));
  const deadline = performance.now() + longestMs;
  let tried = 0;
  const work = async (call: Call): Promise<void> => {
    if (tried >= kinds.size && performance.now() > deadline) return;
    tried += 1;
    const shape = await killAt(call);
    if (shape !== undefined) hit.push(shape);
  };
  await eachOf(calls, work, 2);
  const hitKinds = new Set(hit.map(kindOf));
  const missed = [...kinds].filter((kind) => !hitKinds.has(kind));
  console.log(
    `${what}: killed at ${hit.length} of the ${all.length} calls that concern the spool; missed of ${kinds.size} kinds: ${missed.join(', ') || 'none'}`,
  );
  expect(hit.length).toBeGreaterThan(tried * 0.9);
  expect(missed.length).toBeLessThan(1 + kinds.size * 0.1);
  expect(required.filter((kind) => !hit.some((shape) => kind.test(shape)))).toEqual([]);
}

/** Drains until nothing is left, to receivers that are well. */
async function drainAll(world: World): Promise<void> {
  expect((await world.run(['drain', '--wait', '20s'], { env })).code).toBe(0);
  const { incoming, owed, dead } = readLedger(world.spool);
  expect([...incoming, ...owed, ...dead]).toEqual([]);
}

interface Firing {
  world: World;
  endpoints: Endpoints;
}

async function firing(): Promise<Firing> {
  const world = createWorld();
  const endpoints = await startEndpoints({ names: ['a'] });
  world.hooks(endpoints.hooks);
  return { world, endpoints };
}

function bodiesOf({ received }: Endpoints): string[] {
  return [...(received.a?.values() ?? [])].flat().sort();
}

describe('capnhook killed with strace at its system calls', () => {
  const lines = ['{"first":1}', '{"second":2}', '{"third":3}'];
  const ways: ReadonlyArray<readonly [way: string, args: readonly string[], payloads: readonly string[]]> = [
    ['an event', ['-d', '{"n": 1.0}'], ['{"n": 1.0}']],
    ['an event with a chosen id', ['-d', '{"n": 2.0}', '--id', 'chosen'], ['{"n": 2.0}']],
    ['a batch', ['--ndjson', 'lines', '--id', 'batch'], lines],
  ];
  for (const [way, args, payloads] of ways) {
    test(`fire of ${way}: all of it is delivered or nothing, and all if it exited 0`, async () => {
      const free: Firing[] = [await firing(), await firing()];
      for (const { world } of free) {
        world.file('lines', lines.join('\n'));
        await world.run(['init']);
      }
      const fire = ['fire', 'load', ...args];
      const calls = await record(free[0]?.world ?? createWorld(), fire);
      for (const { world } of free) await drainAll(world);

      await killAtEach(`fire of ${way}`, { calls }, async (call) => {
        const { world, endpoints } = free.pop() ?? (await firing());
        const before = endpoints.requests();
        const killed = await runKilled(world, fire, call);
        await drainAll(world);
        const came = endpoints.requests() - before;
        if (killed === undefined) expect(came).toBe(payloads.length);
        else expect([0, payloads.length]).toContain(came);
        expect(readLedger(world.spool).corrupt).toEqual([]);
        free.push({ world, endpoints });
        return killed;
      });
      const bodies = free.flatMap(({ endpoints }) => bodiesOf(endpoints));
      expect(new Set(bodies)).toEqual(new Set(payloads));
    });
  }

  test('the first fire, which makes the spool: the next one makes it whole, and is delivered', async () => {
    const first = await firing();
    const all = await record(first.world, ['fire', 'load', '-d', '1']);
    await killAtEach('the first fire', { calls: someOf(all), all }, async (call) => {
      const { world, endpoints } = await firing();
      const killed = await runKilled(world, ['fire', 'load', '-d', '1'], call);
      expect(await world.run(['fire', 'load', '-d', '2'])).toMatchObject({ code: 0 });
      await drainAll(world);
      if (killed === undefined) expect(bodiesOf(endpoints)).toEqual(['1', '2']);
      else expect([['2'], ['1', '2']]).toContainEqual(bodiesOf(endpoints));
      expect(readLedger(world.spool).corrupt).toEqual([]);
      return killed;
    });
  });

  async function killDrain(filled: FilledSpool, call: Call): Promise<string | undefined> {
    const { world, endpoints } = await worldOf(filled, { answer: rejectOnce });
    const killed = await runKilled(world, ['drain', '--wait', '20s'], call);
    await endpoints.quiet();
    const again = expectAgain(world, endpoints, `${call.name} ${call.nth}: ${killed}`);
    await drainAll(world);
    const mayRepeat = (key: string): number => Number(again.has(key));
    const { accepted } = filled;
    const problems = problemsOf({ spool: world.spool, accepted, received: endpoints.received, mayRepeat });
    expect(problems, `${call.name} ${call.nth}: ${killed}`).toEqual([]);
    // A reason whose file was not moved any more takes the first name.
    const corrupt = readLedger(world.spool).corrupt.map((name) => name.replace(/\.1$/, ''));
    expect(corrupt).toEqual(['torn.json']);
    endpoints.close();
    rmSync(world.root, { recursive: true });
    return killed;
  }

  /** What an event and its deliveries go through, in docs/spool-format.md. */
  const stepsOfDrain: readonly RegExp[] = [
    /^(link|rename) .*queue\/…\/…\/…$/,
    /^fsync queue\/…\/…$/,
    /^unlink incoming\/…$/,
    /^fsync incoming$/,
    /^unlink queue\/…\/…\/…$/,
    /^(link|rename) .*retry\/…\/…$/,
    /^write journal\/…$/,
    /^(link|rename) incoming\/… corrupt\/…$/,
  ];

  test(
    'drain that takes in 20 events for 3 endpoints and sends them: nothing is lost, and only what was in flight comes twice',
    async () => {
      const filled = await fillSpool();
      const { world } = await worldOf(filled, { answer: rejectOnce });
      const all = await record(world, ['drain', '--wait', '20s']);
      await killAtEach('drain', { calls: someOf(all), all, required: stepsOfDrain }, (call) =>
        killDrain(filled, call),
      );
    },
    mayTakeMs,
  );
});
