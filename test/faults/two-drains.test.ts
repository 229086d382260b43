/**
 * One drain at a time, with real processes: however two are started, stopped
 * for long or killed, never do two send at once, and a lock is free with its holder's end.
 */
import { existsSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { shellEvent } from '../support/builders.js';
import { createWorld, isRunning, type RunOptions, until, type World } from '../support/world.js';
import { type Endpoints, type EndpointsOptions, startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { problemsOf } from './support/oracle.js';
import { testWith } from './support/test-with.js';

interface Race {
  world: World;
  endpoints: Endpoints;
  /** What was fired, by event id. */
  accepted: Map<string, string>;
}

async function createRace(options: Omit<EndpointsOptions, 'names' | 'tellsSender'> = {}): Promise<Race> {
  const world = createWorld();
  const endpoints = await startEndpoints({ names: ['a'], tellsSender: true, ...options });
  world.hooks(endpoints.hooks);
  await world.run(['init']);
  return { world, endpoints, accepted: new Map() };
}

/** As a shell would, at hardly any cost. */
function drop({ world, accepted }: Race, id: string): void {
  const payload = `{"event":"${id}"}`;
  const text = shellEvent('load', payload).replace('{', `{"id":"${id}",`);
  const hidden = join(world.spool, 'incoming', `.${id}`);
  writeFileSync(hidden, text);
  renameSync(hidden, join(world.spool, 'incoming', `${id}.json`));
  accepted.set(id, payload);
}

function sender(name: string): RunOptions {
  return { env: { SENDER: name, UV_THREADPOOL_SIZE: '2' } };
}

/** Those who sent at the same time, as the receiver saw it. */
function overlaps({ endpoints }: Race): string[] {
  const spans = [...endpoints.spans].sort(([, one], [, other]) => one.from - other.from);
  return spans.flatMap(([name, { from }], index) => {
    const before = spans.slice(0, index).find(([, { to }]) => to > from);
    return before === undefined ? [] : [`${before[0]} and ${name}`];
  });
}

function expectAllOnce(race: Race): void {
  const { world, endpoints, accepted } = race;
  expect(problemsOf({ spool: world.spool, accepted, received: endpoints.received })).toEqual([]);
  expect(endpoints.received.a?.size).toBe(accepted.size);
  expect(endpoints.requests()).toBe(accepted.size);
  expect(overlaps(race)).toEqual([]);
}

const held = /^capnhook: .*another drain is running.*\n/;

describe('two drains on one spool', () => {
  const test = testWith({ commands: ['flock'] });
  const races = measure(12, 100);

  test(`drain started twice at once, ${races} times: each exits 0 or 75, and never do both send`, async () => {
    const race = await createRace();
    const { world } = race;
    const codes: Array<number | NodeJS.Signals> = [];
    for (let n = 0; n < races; n += 1) {
      for (const k of [1, 2, 3]) drop(race, `race${n}-${k}`);
      const both = ['one', 'other'].map((name) => world.run(['drain'], sender(`${name} ${n}`)));
      for (const { code, stderr } of await Promise.all(both)) {
        codes.push(code);
        if (code !== 0) expect([code, stderr]).toEqual([75, expect.stringMatching(held)]);
      }
    }
    const refused = codes.filter((code) => code === 75).length;
    console.log(`two drains: in ${refused} of ${races} races one was refused`);
    expect(refused).toBeGreaterThan(races / 4);
    expect((await world.run(['drain'], sender('last'))).code).toBe(0);
    expectAllOnce(race);
  });

  test('drain whose holder is stopped with SIGSTOP in the middle of its work: others are refused until it ends, and all is sent once', async () => {
    let answering = Promise.resolve();
    // While it is stopped its attempts grow old: what is in flight for too long would be sent again.
    const defaults = 'timeout: 10m';
    const race = await createRace({ answer: () => answering.then(() => 204), defaults });
    const { world, endpoints } = race;
    let go = (): void => undefined;
    answering = new Promise((resolve) => {
      go = resolve;
    });
    for (let n = 0; n < 20; n += 1) drop(race, `stopped-${n}`);
    const seconds = measure(3, 30);
    const lifeMs = (seconds + 60) * 1000;
    const holder = world.start(['drain', '--wait', `${seconds + 50}s`], { ...sender('holder'), lifeMs });
    await until('it sends', () => endpoints.requests() > 0);
    holder.kill('SIGSTOP');
    go();
    const since = performance.now();
    for (let tries = 0; tries === 0 || performance.now() - since < seconds * 1000; tries += 1) {
      const { code, stderr } = await world.run(['drain', '--wait', '1s'], sender('other'));
      expect([code, stderr]).toEqual([75, expect.stringContaining(`pid ${holder.pid}`)]);
      await sleep(200);
    }
    expect(endpoints.spans.has('other')).toBe(false);
    drop(race, 'fired-meanwhile');
    holder.kill('SIGCONT');
    expect(await holder.ended).toMatchObject({ code: 0 });
    expect((await world.run(['drain'], sender('other'))).code).toBe(0);
    expectAllOnce(race);
  });

  for (const signal of ['', 'SIGSTOP'] as const) {
    test(`drain after kill -9 of its ${signal === '' ? '' : 'stopped '}holder: the lock is free at once`, async () => {
      let isAnswering = false;
      const race = await createRace({
        answer: async () => (isAnswering ? 204 : new Promise<number>(() => undefined)),
      });
      const { world, endpoints, accepted } = race;
      for (let round = 0; round < measure(3, 20); round += 1) {
        isAnswering = false;
        drop(race, `killed-${round}`);
        const before = endpoints.requests();
        const holder = world.start(['drain', '--daemon'], sender(`holder ${round}`));
        await until('it sends', () => endpoints.requests() > before);
        expect((await world.run(['drain'], sender('refused'))).code).toBe(75);
        if (signal !== '') holder.kill(signal);
        isAnswering = true;
        holder.kill('SIGKILL');
        await until('it has ended', () => !isRunning(holder.pid));
        expect((await world.run(['drain'], sender(`next ${round}`))).code).toBe(0);
      }
      expect(endpoints.spans.has('refused')).toBe(false);
      const mayRepeat = (): number => 1; // what was in flight at the kill
      expect(problemsOf({ spool: world.spool, accepted, received: endpoints.received, mayRepeat })).toEqual(
        [],
      );
      expect(endpoints.received.a?.size).toBe(accepted.size);
      expect(overlaps(race)).toEqual([]);
    });
  }

  /** Runs commands where there is no `flock`: proper-lockfile stands in. */
  async function withoutFlock(world: World): Promise<readonly string[]> {
    const nothing = world.file('nothing', '');
    const hide = 'for each in /usr/bin/flock /bin/flock; do [ ! -e $each ] || mount --bind "$0" $each; done';
    const keeper = world.launch('unshare', [
      '--mount',
      'sh',
      '-c',
      `${hide}; echo hidden >&2; exec sleep 100`,
      nothing,
    ]);
    await keeper.says('hidden');
    return ['nsenter', `--target=${keeper.pid}`, '--mount', '--'];
  }

  testWith({ root: true, mounts: true, commands: ['unshare', 'nsenter'] })(
    'drain without flock, whose holder is stopped until its lock looks stale: others are refused all the same',
    async () => {
      const race = await createRace({ answer: () => sleep(50, 204) });
      const { world, endpoints } = race;
      const prefix = await withoutFlock(world);
      for (let n = 0; n < 20; n += 1) drop(race, `stale-${n}`);
      const holder = world.launch(
        process.execPath,
        [join(import.meta.dirname, '../../bin/capnhook.js'), 'drain', '--wait', '20s'],
        { ...sender('holder'), prefix },
      );
      await until('it sends', () => endpoints.requests() > 0);
      expect(existsSync(join(world.spool, 'lock.lock'))).toBe(true);
      holder.kill('SIGSTOP');
      const longAgo = Date.now() / 1000 - 60;
      utimesSync(join(world.spool, 'lock.lock'), longAgo, longAgo);
      for (const options of [{ ...sender('other'), prefix }, sender('with flock')])
        expect(await world.run(['drain'], options)).toMatchObject({
          code: 75,
          stderr: expect.stringMatching(held),
        });
      holder.kill('SIGCONT');
      await holder.ended;
      expect((await world.run(['drain'], { ...sender('last'), prefix })).code).toBe(0);
      expectAllOnce(race);
    },
  );
});
