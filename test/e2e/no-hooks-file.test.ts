/** A fresh machine without any hooks file: what names its URLs is sent, the rest waits and is said. */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createWorld, until } from '../support/world.js';

describe('without any hooks file', () => {
  test('capnhook fire of a URL and capnhook drain work, and events of hooks wait visibly', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    rmSync(world.config, { force: true });
    expect(await world.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    await world.run(['fire', '--to', receiver.url, '-d', '1']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    expect(receiver.requests).toHaveLength(1);
    await world.run(['fire', 'complete', '-d', '2']);
    await world.run(['fire', '--to', receiver.url, '-d', '3']);
    const drained = await world.run(['drain']);
    expect(drained.code).toBe(78);
    expect(drained.stderr).toContain(`Cannot find the hooks file ${world.config}: 1 not taken in without it`);
    expect(receiver.requests).toHaveLength(2);
    expect(world.names('incoming')).toHaveLength(1);
    await world.run(['register', 'complete', receiver.url]);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(3);
    expect(await world.run(['drain', '--config', `${world.root}/none.yaml`])).toMatchObject({ code: 78 });
  });

  test('capnhook drain gets past many events of hooks to one that names its URL', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    rmSync(world.config, { force: true });
    await world.run(['init']);
    for (let n = 0; n < 600; n += 1)
      world.file(`home/.local/state/capnhook/spool/incoming/a${n}.json`, '{"hook":"h","payload":1}');
    await world.run(['fire', '--id', 'z', '--to', receiver.url, '-d', '2']);
    expect(await world.run(['drain'])).toMatchObject({ code: 78 });
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['2']);
  });

  test('capnhook drain --json prints its summary, and --wait ends, because nothing can change', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    rmSync(world.config, { force: true });
    await world.run(['fire', 'complete', '-d', '2']);
    await world.run(['fire', '--to', receiver.url, '-d', '3']);
    const began = Date.now();
    const drained = await world.run(['drain', '--json', '--wait', '40s']);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(drained.code).toBe(78);
    expect(JSON.parse(drained.stdout)).toMatchObject({
      delivered: 1,
      waiting: 1,
      error: { code: 'HOOKS_FILE' },
    });
    const named = await world.run(['drain', '--json', '-q', '--config', `${world.root}/none.yaml`]);
    expect(JSON.parse(named.stdout)).toMatchObject({
      delivered: 0,
      waiting: 1,
      error: { code: 'HOOKS_FILE' },
    });
  });

  test('capnhook drain --daemon says that there is none, and goes on when there is one', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    rmSync(world.config, { force: true });
    await world.run(['fire', 'complete', '-d', '2']);
    await world.run(['init']);
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('there is no hooks file yet');
    await world.run(['register', 'complete', receiver.url]);
    await until('it is sent', () => receiver.requests.length === 1);
    daemon.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(143);
  });
});
