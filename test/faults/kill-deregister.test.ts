/**
 * `deregister`, `flush`, and a drain that obeys a request in `control/`, killed at their system calls: what they move to
 * `dead/` is there or still queued, whole, and the same command again ends the work.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { createWorld, type World } from '../support/world.js';
import { record, runKilled } from './support/killed.js';
import { measure } from './support/measure.js';
import { readLedger } from './support/oracle.js';
import { type Call, fewThreads, spread } from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace', 'flock'] });

const url = 'http://127.0.0.1:1/in';
const registered = `hooks: {load: "${url}"}\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`;
const events = ['batch_1', 'batch_2', 'batch_3', 'e1', 'e2'];

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

/** A copy of it. */
function copyOf({ spool }: World): World {
  const world = createWorld();
  mkdirSync(dirname(world.spool), { recursive: true });
  cpSync(spool, world.spool, { recursive: true });
  writeFileSync(join(world.spool, 'hooks-file'), `${world.config}\n`);
  world.hooks(registered);
  return world;
}

function idsOf(keys: Iterable<string>): string[] {
  return [...keys].map((key) => key.slice(key.indexOf(' ') + 1)).sort();
}

/** What is in `dead/` has its whole payload. */
function tornIn(world: World): string[] {
  const names = readdirSync(join(world.spool, 'dead'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => {
    if (!name.endsWith('.json') || name.endsWith('.why.json')) return false;
    const { payload } = JSON.parse(readFileSync(join(world.spool, 'dead', name), 'utf8'));
    return !name.endsWith(`/${payload}.json`);
  });
}

/** It is killed at so many calls at least, and at others as long as there is time, in ms. */
const leastCalls = 6;
const longestMs = measure(2_000, 600_000);

/** What moves, changes or removes a file comes first. */
const moves = /^(rename|link|unlink|pwrite64)/;

async function killAtSome(
  template: World,
  args: readonly string[],
  { prepare }: { prepare(world: World): void },
): Promise<number> {
  const first = copyOf(template);
  prepare(first);
  const calls = spread((await record(first, args)).filter(({ changes }) => changes));
  expect(idsOf(readLedger(first.spool).dead)).toEqual(events);
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
