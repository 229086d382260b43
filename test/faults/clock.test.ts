/** The wall clock jumps, as libfaketime makes it do for the real command; the monotonic clock and the uptime do not. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { createWorld, until, type World } from '../support/world.js';
import { type Endpoints, startEndpoints } from './support/endpoints.js';
import { repeats } from './support/measure.js';
import { readLedger } from './support/oracle.js';
import { testWith } from './support/test-with.js';

/** Where Debian puts the library, on any machine. */
const library = ['/usr/lib', '/usr/lib64']
  .filter((directory) => existsSync(directory))
  .flatMap((directory) =>
    readdirSync(directory).map((name) => join(directory, name, 'faketime/libfaketimeMT.so.1')),
  )
  .find((path) => existsSync(path));
const testWithFaketime = testWith({ commands: ['faketime'], files: [library ?? '/usr/lib/faketime'] });

/** The wall clock set by so much, as `+10y` or `-1d`; a file can change it while a process runs. */
function setBy(offset: string, file?: string): Record<string, string> {
  return {
    LD_PRELOAD: library ?? '',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_NO_CACHE: '1',
    ...(file === undefined ? { FAKETIME: offset } : { FAKETIME_TIMESTAMP_FILE: file }),
  };
}

interface Setting {
  world: World;
  endpoints: Endpoints;
  /** Whether the endpoint works. */
  heal(): void;
}

async function failing(schedule: string): Promise<Setting> {
  const world = createWorld();
  let isWell = false;
  const endpoints = await startEndpoints({
    names: ['chat'],
    answer: () => (isWell ? 204 : 503),
    defaults: `retry: {schedule: [${schedule}], jitter: 0}`,
  });
  world.hooks(endpoints.hooks);
  return {
    world,
    endpoints,
    heal() {
      isWell = true;
    },
  };
}

async function fireSome(world: World, count: number, env: Record<string, string> = {}): Promise<void> {
  const input = Array.from({ length: count }, (_, n) => `${n}`).join('\n');
  expect(await world.run(['fire', 'load', '--ndjson', '-'], { input, env })).toMatchObject({ code: 0 });
}

describe('capnhook drain while the clock jumps', { repeats }, () => {
  testWithFaketime(
    'gives nothing up because of a jump of ten years, in that pass nor in the next ones',
    async () => {
      const { world, endpoints, heal } = await failing('1ms');
      await fireSome(world, 50);
      for (let pass = 0; pass < 9; pass += 1) {
        expect((await world.run(['drain'])).code).toBe(75);
        await sleep(5);
      }
      for (let pass = 0; pass < 10; pass += 1) {
        expect((await world.run(['drain'], { env: setBy('+10y') })).code).toBe(75);
        await sleep(5);
      }
      expect(readLedger(world.spool).dead.size).toBe(0);
      heal();
      await until('all are delivered', async () => (await world.run(['drain'])).code === 0);
      expect(endpoints.received.chat?.size).toBe(50);
    },
  );

  testWithFaketime('goes on when the clock is set back by a day, from one pass to the next', async () => {
    const { world, endpoints, heal } = await failing('200ms');
    await fireSome(world, 20);
    expect((await world.run(['drain'])).code).toBe(75);
    heal();
    await sleep(250);
    await until(
      'all are delivered',
      async () => (await world.run(['drain'], { env: setBy('-1d') })).code === 0,
    );
    expect(endpoints.received.chat?.size).toBe(20);
  });

  testWithFaketime(
    'as a daemon goes on when the clock is set back by a day, and forward by ten years',
    async () => {
      const { world, endpoints, heal } = await failing('300ms');
      const file = world.file('faketime', '+0\n');
      await fireSome(world, 20);
      const daemon = world.start(['drain', '--daemon'], { env: setBy('', file) });
      await daemon.says('fails');
      for (const offset of ['-1d\n', '+10y\n', '-1d\n']) {
        writeFileSync(file, offset);
        await sleep(700);
      }
      heal();
      await until('all are delivered', () => endpoints.received.chat?.size === 20);
      expect(readLedger(world.spool).dead.size).toBe(0);
      daemon.kill('SIGTERM');
      expect((await daemon.ended).code).toBe(143);
    },
  );

  testWithFaketime(
    'as a daemon does not freeze while the clock leaps back by an hour every second',
    async () => {
      const { world, endpoints, heal } = await failing('300ms');
      const file = world.file('faketime', '+0\n');
      await fireSome(world, 20);
      const daemon = world.start(['drain', '--daemon'], { env: setBy('', file) });
      await daemon.says('fails');
      let hours = 0;
      const leap = setInterval(() => writeFileSync(file, `-${++hours}h\n`), 1_000);
      try {
        await sleep(2_500);
        heal();
        await until('all are delivered', () => endpoints.received.chat?.size === 20);
        const fired = await world.run(['fire', 'load', '--id', 'later', '-d', '1'], {
          env: setBy(`-${hours}h`),
        });
        expect(fired.code).toBe(0);
        await until('the later one is delivered', () => endpoints.received.chat?.has('later') === true);
      } finally {
        clearInterval(leap);
      }
      daemon.kill('SIGTERM');
      expect((await daemon.ended).code).toBe(143);
      for (const bodies of endpoints.received.chat?.values() ?? []) expect(bodies).toHaveLength(1);
    },
  );
});
