/**
 * A drain that obeys a request in `control/`, killed at its system calls: what was dead is there, whole, or queued, each
 * once, and the next drain ends the work.
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
const hooks = (registered: string) =>
  `hooks: {${registered}}\nendpoints: {chat: "${url}"}\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`;

/** Time for the kills, in ms; some are made in any case. */
const longestMs = measure(4_000, 600_000);

/** A world whose spool has five deliveries of `chat`, three of them of a batch, and an event that nobody gets. */
async function queued(): Promise<World> {
  const world = createWorld();
  world.hooks(hooks('load: chat'));
  for (const id of ['e1', 'e2']) await world.run(['fire', 'load', '-d', `"${id}"`, '--id', id]);
  await world.run(['fire', 'lost', '-d', '"lost"', '--id', 'lost']);
  const input = '"batch_1"\n"batch_2"\n"batch_3"\n';
  await world.run(['fire', 'load', '--ndjson', '-', '--id', 'batch'], { input });
  expect(await world.run(['drain'], { env: fewThreads })).toMatchObject({ code: 75 });
  return world;
}

/** The same, and all five are dead. */
async function dead(): Promise<World> {
  const world = await queued();
  expect(await world.run(['flush', '--yes'])).toMatchObject({ code: 0 });
  expect(idsOf(readLedger(world.spool).dead)).toEqual(events);
  return world;
}

/** A copy of it, with a request. */
function copyOf(template: World, request: object): World {
  const world = copyWith(template, hooks('load: chat'));
  mkdirSync(join(world.spool, 'control'), { recursive: true });
  writeFileSync(join(world.spool, 'control/x.json'), JSON.stringify(request));
  return world;
}

/** Each file of a delivery has its whole payload. */
function tornIn(world: World): string[] {
  return ['dead', 'retry', 'queue'].flatMap((room) => {
    const names = readdirSync(join(world.spool, room), { recursive: true, encoding: 'utf8' });
    return names.filter((name) => {
      if (!name.endsWith('.json') || name.endsWith('.why.json')) return false;
      const { payload } = JSON.parse(readFileSync(join(world.spool, room, name), 'utf8'));
      return !name.endsWith(`/${payload}.json`) && !name.endsWith(`.${payload}.json`);
    });
  });
}

interface Obeyed {
  template: World;
  request: object;
  /** What must be the case when it is obeyed. */
  check(world: World, where: string): void;
}

/** Kills a drain that obeys the request at some of its calls. @returns at how many it was killed */
async function killAtSome({ template, request, check }: Obeyed): Promise<number> {
  const first = copyOf(template, request);
  const exit = await obey(first);
  check(first, 'without a kill');
  const recorded = copyOf(template, request);
  const calls = spread((await record(recorded, ['drain'], exit)).filter(({ changes }) => changes));
  return killAtEach(calls, { longestMs, killAt });

  async function killAt(call: Call): Promise<boolean> {
    const world = copyOf(template, request);
    const killed = await runKilled(world, ['drain'], call, exit);
    const where = `${call.name} ${call.nth}: ${killed}`;
    const { owed, dead: buried, incoming, unclaimed } = readLedger(world.spool);
    expect([...new Set([...idsOf(owed), ...idsOf(buried)])].sort(), where).toEqual(events);
    expect([...incoming, ...unclaimed], where).toContain('lost');
    await obey(world);
    check(world, where);
    expect(tornIn(world), where).toEqual([]);
    expect(world.names('control'), where).toEqual([]);
    rmSync(world.root, { recursive: true });
    return killed !== undefined;
  }
}

async function obey(world: World): Promise<number> {
  const { code } = await world.run(['drain'], { env: fewThreads });
  expect([0, 75]).toContain(code);
  expect(world.names('control')).toEqual([]);
  return code as number;
}

/** All five are queued. */
function allOwed({ spool }: World, where: string): void {
  const { owed, dead: buried, corrupt } = readLedger(spool);
  expect([...owed].sort(), where).toEqual(events.map((id) => `chat ${id}`));
  expect([...buried, ...corrupt], where).toEqual([]);
}

/** All five are queued, and have one file each. */
function allOnce(world: World, where: string): void {
  allOwed(world, where);
  const files = ['dead', 'retry', 'queue'].flatMap((room) =>
    readdirSync(join(world.spool, room), { recursive: true, encoding: 'utf8' }),
  );
  const ids = files.filter((name) => /\.jsonl?$/.test(name)).map((name) => name.split('.').at(-2));
  expect(ids.sort(), where).toEqual(events);
}

describe('a drain killed with strace at its system calls while it obeys a request', () => {
  test('retry puts what was dead back, each once', async () => {
    const template = await dead();
    expect(await killAtSome({ template, request: { request: 'retry' }, check: allOnce })).toBeGreaterThan(3);
  });

  test('drop moves what is queued to dead/, each once', async () => {
    const request = { request: 'drop', hook: 'load', by: 'jed' };
    const check = (world: World, where: string): void => {
      const { owed, dead: buried, corrupt } = readLedger(world.spool);
      expect([...buried].sort(), where).toEqual(events.map((id) => `chat ${id}`));
      expect([...owed, ...corrupt], where).toEqual([]);
    };
    expect(await killAtSome({ template: await queued(), request, check })).toBeGreaterThan(3);
  });

  test('pause outlasts the drain, and what is queued stays', async () => {
    const request = { request: 'pause', endpoints: ['chat'], by: 'jed' };
    expect(await killAtSome({ template: await queued(), request, check: allOwed })).toBeGreaterThan(3);
  });
});
