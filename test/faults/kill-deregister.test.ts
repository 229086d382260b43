/**
 * `deregister`, `flush`, and a drain that obeys a request in `control/`, killed at their system calls: what they move to
 * `dead/` is there or still queued, whole, and the same command again ends the work.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createWorld, type World } from '../support/world.js';
import { record, runKilled } from './support/killed.js';
import { copyWith, events, idsOf, killAtEach } from './support/killed-queue.js';
import { measure } from './support/measure.js';
import { readLedger } from './support/oracle.js';
import { type Call, fewThreads, spread } from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace', 'flock'] });

const url = 'http://127.0.0.1:1/in';
const registered = `hooks: {load: "${url}"}\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`;

/** A world whose spool owes five events, three of them a batch, to an endpoint that refuses connections. */
async function owing(): Promise<World> {
  const world = createWorld();
  world.hooks(registered);
  for (const id of ['e1', 'e2']) await world.run(['fire', 'load', '-d', `"${id}"`, '--id', id]);
  await world.run(['fire', 'load', '--ndjson', '-', '--id', 'batch'], {
    input: '"batch_1"\n"batch_2"\n"batch_3"\n',
  });
  expect(await world.run(['drain'], { env: fewThreads })).toMatchObject({ code: 75 });
  return world;
}

const copyOf = (template: World): World => copyWith(template, registered);

/** What is in `dead/` has its whole payload. */
function tornIn(world: World): string[] {
  const names = readdirSync(join(world.spool, 'dead'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => {
    if (!name.endsWith('.json') || name.endsWith('.why.json')) return false;
    const { payload } = JSON.parse(readFileSync(join(world.spool, 'dead', name), 'utf8'));
    return !name.endsWith(`/${payload}.json`);
  });
}

/** Time for the kills, in ms; some are made in any case. */
const longestMs = measure(2_000, 600_000);

async function killAtSome(
  template: World,
  args: readonly string[],
  { prepare }: { prepare(world: World): void },
): Promise<number> {
  const first = copyOf(template);
  prepare(first);
  const calls = spread((await record(first, args)).filter(({ changes }) => changes));
  expect(idsOf(readLedger(first.spool).dead)).toEqual(events);
  return killAtEach(calls, { longestMs, killAt });

  async function killAt(call: Call): Promise<boolean> {
    const world = copyOf(template);
    prepare(world);
    const killed = await runKilled(world, args, call);
    const { owed, dead } = readLedger(world.spool);
    const where = `${call.name} ${call.nth}: ${killed}`;
    expect([...new Set([...idsOf(owed), ...idsOf(dead)])].sort(), where).toEqual(events);
    expect(await world.run(args, { env: fewThreads }), where).toMatchObject({ code: 0 });
    const after = readLedger(world.spool);
    expect(idsOf(after.dead), where).toEqual(events);
    expect([...after.owed, ...after.corrupt], where).toEqual([]);
    expect(tornIn(world), where).toEqual([]);
    expect(world.names('control'), where).toEqual([]);
    rmSync(world.root, { recursive: true });
    return killed !== undefined;
  }
}

describe('killed with strace at its system calls', () => {
  test('deregister moves what is queued to dead/, or leaves it queued', async () => {
    const hits = await killAtSome(await owing(), ['deregister', url], { prepare() {} });
    expect(hits).toBeGreaterThan(3);
  });

  test('flush moves what is queued to dead/, or leaves it queued', async () => {
    const hits = await killAtSome(await owing(), ['flush', '--yes'], { prepare() {} });
    expect(hits).toBeGreaterThan(3);
  });

  test('flush --yes reads each queued file once', async () => {
    const world = copyOf(await owing());
    const reads = (await record(world, ['flush', '--yes'])).filter(
      ({ name, at }) => name === 'openat' && /^(queue|retry)\/.*e[12]\.json$/.test(at?.path ?? ''),
    );
    expect(reads).toHaveLength(2);
  });

  test('drain obeys a request in control/ to its end', async () => {
    const template = await owing();
    const [endpoint] = template.names('queue');
    const prepare = (world: World): void => {
      world.hooks('hooks: {}\n');
      const request = { capnhook: 1, request: 'deregister', endpoints: [endpoint] };
      mkdirSync(join(world.spool, 'control'), { recursive: true });
      writeFileSync(join(world.spool, 'control/x.json'), JSON.stringify(request));
    };
    expect(await killAtSome(template, ['drain'], { prepare })).toBeGreaterThan(3);
  });
});
