/** Watching tells little, or nothing: what was fired is delivered all the same, by the next rescan. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../support/temp.js';
import {
  createWorld,
  isRunning,
  type Running,
  type RunOptions,
  until,
  type World,
} from '../support/world.js';
import { type Endpoints, startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';
import { testWith } from './support/test-with.js';

/** How often a daemon looks by itself. */
const rescanMs = 2_000;

/** A machine that is busy takes its time for everything. */
const slackMs = 8_000;

/** Files of the first burst, which the kernel cannot tell all of, and of the second one. */
const bursts = [18_000, measure(4_000, 20_000)] as const;

/** A burst is taken in within this, in ms, at most; on two cores that have nothing else to do it takes a tenth. */
const burstMs = measure(100_000, 600_000);

interface Watching {
  world: World;
  endpoints: Endpoints;
  daemon: Running;
}

/** A daemon that drains an empty spool, and has looked into it once. */
async function startDaemon(options: (world: World) => RunOptions): Promise<Watching> {
  const world = createWorld();
  const endpoints = await startEndpoints({ names: ['a'] });
  world.hooks(`${endpoints.hooks.replace('"**"', 'load')}`);
  await world.run(['init']);
  const daemon = world.start(['drain', '--daemon', '--verbose'], options(world));
  const lock = join(world.spool, 'lock');
  await until('it drains', () => existsSync(lock) && readFileSync(lock, 'utf8').includes('daemon'));
  return { world, endpoints, daemon };
}

/** `fs.watch` of the daemon is another one; it notes that it was called. */
function preload(replacement: string): (world: World) => RunOptions {
  return (world) => {
    const script = world.file(
      'watch.cjs',
      `const fs = require('node:fs');
const { EventEmitter } = require('node:events');
const { watch } = fs;
fs.watch = (...args) => {
  fs.writeFileSync(${JSON.stringify(join(world.root, 'watched'))}, '');
  return (${replacement})(...args);
};`,
    );
    return { env: { NODE_OPTIONS: `--require ${script}` } };
  };
}

/** Ways to see nothing, or to go blind. */
const blind: Readonly<Record<string, (world: World) => RunOptions>> = {
  'fs.watch tells nothing': preload('() => Object.assign(new EventEmitter(), { close() {} })'),
  'fs.watch throws ENOSPC': preload(
    `() => { throw Object.assign(new Error('ENOSPC: no watches left'), { code: 'ENOSPC' }); }`,
  ),
  'the watcher fails at once': preload(
    `(...args) => {
      const watcher = watch(...args);
      setImmediate(() => watcher.emit('error', Object.assign(new Error('EIO'), { code: 'EIO' })));
      return watcher;
    }`,
  ),
};

/** Fires, and resolves to how long it took until that was delivered, in ms. */
async function delayOf({ world, endpoints }: Watching, payload: string): Promise<number> {
  const before = endpoints.requests();
  expect(await world.run(['fire', 'load', '-d', payload])).toMatchObject({ code: 0 });
  const fired = performance.now();
  await until(`${payload} is delivered`, () => endpoints.requests() > before);
  return performance.now() - fired;
}

async function stop({ daemon, world }: Watching): Promise<void> {
  expect(await world.run(['stop'])).toMatchObject({ code: 0 });
  expect((await daemon.ended).code).toBe(143);
}

/** Files to be moved into `incoming/`: few are for a receiver, the others make the noise. */
function prepare(
  count: number,
  { every }: { every: number },
): { from: string; accepted: Map<string, string> } {
  const from = tempDir();
  const accepted = new Map<string, string>();
  for (let n = 1; n <= count; n += 1) {
    const id = `burst-${String(n).padStart(6, '0')}`;
    const isWanted = n % every === 0;
    const text = `{"id":"${id}","hook":"${isWanted ? 'load' : 'noise'}","payload":${n}}`;
    writeFileSync(join(from, `${id}.json`), text);
    if (isWanted) accepted.set(id, `${n}`);
  }
  return { from, accepted };
}

describe('capnhook drain --daemon', () => {
  test('takes in a burst of more files than the 16,384 that the kernel tells of, and another one while it is busy with that', async () => {
    const { from, accepted } = prepare(bursts[0] + bursts[1], { every: measure(40, 4) });
    const watching = await startDaemon(() => ({ lifeMs: burstMs }));
    const { world, endpoints, daemon } = watching;
    const names = readdirSync(from).sort();
    const move = (some: readonly string[]): void => {
      for (const name of some) renameSync(join(from, name), join(world.spool, 'incoming', name));
    };
    daemon.kill('SIGSTOP');
    move(names.slice(0, bursts[0]));
    daemon.kill('SIGCONT');
    await until('it has begun', () => endpoints.requests() > 0);
    move(names.slice(bursts[0]));
    // The world ends a daemon that takes too long.
    while (isRunning(daemon.pid) && (endpoints.received.a?.size ?? 0) < accepted.size) await sleep(50);
    await until('nothing is left', () => world.names('incoming').length === 0, burstMs);
    await stop(watching);
    expect(problemsOf({ spool: world.spool, accepted, received: endpoints.received })).toEqual([]);
    const { incoming, owed, dead, corrupt } = readLedger(world.spool);
    expect([...incoming, ...owed, ...dead, ...corrupt]).toEqual([]);
  });

  test('delivers by the next rescan where watching tells nothing, cannot be had, or ends', async () => {
    await Promise.all(
      Object.entries(blind).map(async ([way, options]) => {
        const watching = await startDaemon(options);
        await until(`${way}: it wanted to watch`, () => existsSync(join(watching.world.root, 'watched')));
        for (const n of [1, 2])
          expect(await delayOf(watching, `"${way} ${n}"`), way).toBeLessThan(rescanMs + slackMs);
        await stop(watching);
      }),
    );
  });

  test('delivers by the next rescan when incoming/ is another directory than the one it watches', async () => {
    const watching = await startDaemon(() => ({}));
    const incoming = join(watching.world.spool, 'incoming');
    renameSync(incoming, join(watching.world.root, 'watched'));
    mkdirSync(incoming, { mode: 0o700 });
    expect(await delayOf(watching, '1')).toBeLessThan(rescanMs + slackMs);
    await stop(watching);
  });

  testWith({ commands: ['strace'] })(
    'delivers by the next rescan where the kernel has no watch left (strace: inotify_add_watch fails with ENOSPC)',
    async () => {
      const trace = (world: World): string => join(world.root, 'trace');
      const inject = 'inject=inotify_add_watch:error=ENOSPC';
      const watching = await startDaemon((world) => ({
        prefix: [
          'strace',
          '-f',
          '--seccomp-bpf',
          '-qq',
          '-o',
          trace(world),
          '-e',
          'signal=none',
          '-e',
          inject,
        ],
      }));
      expect(await delayOf(watching, '1')).toBeLessThan(rescanMs + slackMs);
      await stop(watching);
      expect(readFileSync(trace(watching.world), 'utf8')).toContain('ENOSPC');
    },
  );
});
