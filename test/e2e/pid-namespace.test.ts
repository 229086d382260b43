/** A daemon in a container of its own, whose process nobody outside can see by the number that it knows itself by. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missingOf } from '../faults/support/needs.js';
import { createWorld, until } from '../support/world.js';

test('capnhook stop beside a daemon of another pid namespace exits 75, says where it runs, and signals nobody', async ({
  skip,
}) => {
  const missing = missingOf({ mounts: true, commands: ['unshare'] });
  skip(missing !== undefined, `${missing} is missing`);
  const world = createWorld();
  world.hooks('hooks: {}\n');
  const prefix = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const daemon = world.start(['drain', '--daemon'], { prefix });
  await daemon.says('started');

  const stopped = await world.run(['stop']);
  expect(stopped).toMatchObject({ code: 75, stdout: '' });
  expect(stopped.stderr).toMatch(/^capnhook: Cannot stop the drain: it runs in another container/);
  expect(await world.run(['start'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('already running'),
  });
  const lock = readFileSync(join(world.spool, 'lock'), 'utf8');
  daemon.kill('SIGKILL'); // its children end with it
  await daemon.ended;
  // The record is still there; the lock is not.
  expect(lock.trim()).not.toBe('');
  await until('the lock is free', async () => (await world.run(['stop'])).code === 0);
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });
});

test('capnhook stop of a drain that could not write who it is says that the lock is held', async () => {
  const world = createWorld();
  world.hooks('hooks: {}\n');
  const daemon = world.start(['drain', '--daemon']);
  await daemon.says('started');
  writeFileSync(join(world.spool, 'lock'), ' '.repeat(511), { flag: 'r+' });
  const stopped = await world.run(['stop']);
  expect(stopped).toMatchObject({
    code: 75,
    stderr: expect.stringContaining('does not say by which process'),
  });
  daemon.kill('SIGTERM');
  await daemon.ended;
  expect(await world.run(['stop'])).toMatchObject({ code: 0 });
});

test('capnhook start does not write through a symbolic link in the place of its log', async () => {
  const world = createWorld();
  world.hooks('hooks: {}\n');
  await world.run(['init']);
  const target = world.file('target', '');
  symlinkSync(target, `${world.spool}.log`);
  const started = await world.run(['start']);
  expect(started.code).toBe(73);
  expect(started.stderr).toMatch(/^capnhook: Cannot open the log .*: it is a symbolic link\n {2}\S/);
  expect(readFileSync(target, 'utf8')).toBe('');
  expect(await world.run(['stop'])).toMatchObject({ stderr: expect.stringContaining('nothing to stop') });
});
