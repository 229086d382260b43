import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { drain, fire, start, stop } from '../../../src/index.js';
import { ensureBuilt } from '../../support/built.js';
import { here } from '../../support/library-kit.js';
import { receiver } from '../../support/receiver.js';
import { isRunning, node, repository, until } from '../../support/world.js';

beforeAll(ensureBuilt, 60_000);

describe('start() and stop()', () => {
  it('start() leaves a daemon that sends what is fired, and stop() waits until it is gone', async () => {
    const { place, options } = here();
    const { url, waitFor } = await receiver();
    place.hooks(`hooks: {complete: ["${url}"]}\n`);
    const started = await start(options);
    onTestFinished(() => {
      if (isRunning(started.pid)) process.kill(started.pid, 'SIGKILL');
    });
    expect(started).toEqual({ started: true, pid: expect.any(Number), log: `${place.spool}.log` });
    expect(isRunning(started.pid)).toBe(true);
    expect(await start(options)).toEqual({ started: false, pid: started.pid });
    await fire('complete', 1, options);
    await waitFor(1);
    await expect(drain(options)).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining(`a daemon, pid ${started.pid}`),
    });
    expect(await stop(options)).toMatchObject({ holder: { pid: started.pid, mode: 'daemon' } });
    await until('it has ended', () => !isRunning(started.pid));
    expect(await stop(options)).toEqual({ holder: undefined });
  });

  it('start() twice at once leaves one daemon, and both tell which', async () => {
    const { place, options } = here();
    place.hooks('hooks: {}\n');
    const both = await Promise.all([start(options), start(options)]);
    onTestFinished(() => {
      for (const { pid } of both) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    });
    expect(both.map(({ started }) => started).sort()).toEqual([false, true]);
    expect(both[0]!.pid).toBe(both[1]!.pid);
    await stop(options);
  });

  it('start() rejects with TEMPORARY if somebody stops the daemon before it is ready', async () => {
    const { place, options } = here();
    place.hooks('hooks: {}\n');
    // It stops itself while it loads, as `capnhook stop` may do.
    const early = place.file(
      'early.cjs',
      "process.argv.includes('--daemon') && process.kill(process.pid, 'SIGTERM');",
    );
    const env = { ...process.env, NODE_OPTIONS: `--require ${early}` };
    await expect(start({ ...options, env })).rejects.toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringContaining('ended before it was ready'),
    });
  });

  it('start() rejects with what the daemon said, in its code', async () => {
    const { place, options } = here();
    place.hooks('hooks: [\n');
    await expect(start(options)).rejects.toMatchObject({
      code: 'HOOKS_FILE',
      message: expect.stringMatching(/ended immediately:\ncapnhook: Cannot use the hooks file/),
    });
    place.hooks('hooks: {}\n');
    mkdirSync(place.spool, { recursive: true });
    writeFileSync(join(place.spool, 'mine'), '');
    await expect(start(options)).rejects.toMatchObject({
      code: 'SPOOL_CREATE',
      message: expect.stringMatching(/it holds other things/),
    });
  });

  it('start() rejects when the daemon takes too long', async () => {
    const { place, options } = here();
    place.hooks('hooks: {}\n');
    await expect(start({ ...options, timeoutMs: -1 })).rejects.toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringMatching(/it takes too long \(pid \d+, which still runs\)$/),
      hint: expect.stringContaining('.log'),
    });
    await until(
      'it has started',
      async () =>
        existsSync(join(place.spool, 'lock')) && readFileSync(join(place.spool, 'lock'), 'utf8') !== '',
    );
    await stop(options);
  });

  it('start() that gives up does not keep its process from ending', async () => {
    const { place, env, options } = here();
    place.hooks('hooks: {}\n');
    const script = `require('./dist/index.cjs').start({ env: ${JSON.stringify(env)}, timeoutMs: -1 }).catch(() => {})`;
    const child = spawn(node, ['-e', script], { cwd: repository });
    const ended = once(child, 'exit');
    await until('the daemon has started', async () => {
      const lock = join(place.spool, 'lock');
      return existsSync(lock) && readFileSync(lock, 'utf8') !== '';
    });
    expect(await Promise.race([ended.then(() => 'ended'), sleep(5_000, 'lives')])).toBe('ended');
    await stop(options);
  });

  it('stop() gives up after its time, and says what can be done', async () => {
    const { place, options } = here();
    const { url, waitFor } = await receiver(() => new Promise(() => {}));
    place.hooks(`hooks: {complete: ["${url}"]}\n`);
    const { pid } = await start(options);
    onTestFinished(() => {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    });
    await fire('complete', 1, options);
    await waitFor(1);
    await expect(stop({ ...options, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TEMPORARY',
      hint: expect.stringContaining(`kill -9 ${pid}`),
    });
    await stop({ ...options, timeoutMs: 50 }).catch(() => {}); // the second signal cuts it off
    await until('it has ended', () => !isRunning(pid));
    expect(place.names('queue')).toHaveLength(1);
  });
});
