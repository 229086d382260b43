import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { createWorld, node, repository, until } from '../support/world.js';

describe('a daemon', () => {
  test('drain({ daemon: true }) hears of an event by watching: its rescan would be an hour later', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);
    const library = join(repository, 'dist/index.mjs');
    const script = `
      import { drain } from ${JSON.stringify(library)};
      await drain({ daemon: true, rescanMs: 3_600_000, onReady: () => console.error('ready') });`;
    const daemon = world.launch(node, [world.file('daemon.mjs', script)]);
    await daemon.says('ready');
    for (let n = 1; n <= 3; n++) {
      await world.run(['fire', 'complete', '-d', `${n}`]);
      await receiver.waitFor(n, 20_000);
    }
    daemon.kill('SIGKILL');
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['1', '2', '3']);
  });

  test('capnhook drain --daemon uses a registration that is made while it runs', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks('hooks: {}\n');
    await world.run(['start']);
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', '-d', '1']);
    await receiver.waitFor(1, 20_000);
    expect(await world.run(['stop'])).toMatchObject({ code: 0 });
  });

  test('capnhook drain --daemon keeps the old hooks while the new file is broken, says so in its log, and takes the next good one', async () => {
    const world = createWorld();
    const [old, fresh] = [await world.receiver(), await world.receiver()];
    world.hooks(`hooks: {complete: "${old.url}"}\n`);
    await world.run(['start']);
    const log = (): string => readFileSync(`${world.spool}.log`, 'utf8');

    world.hooks('hooks: {complete: 5}\n');
    await world.run(['fire', 'complete', '-d', '1']);
    await old.waitFor(1, 20_000);
    await until('the log tells of the broken file', () => log().includes('stay in use'));
    expect(log()).toMatch(/1:19: /);
    expect(log()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z Cannot use the hooks file/m);
    world.hooks(`hooks: {complete: "${fresh.url}"}\n`);
    await world.run(['fire', 'complete', '-d', '2']);
    await fresh.waitFor(1, 20_000);
    expect(old.requests).toHaveLength(1);
    expect(await world.run(['stop'])).toMatchObject({ code: 0 });
  });

  test('capnhook drain --daemon tells others of a broken hooks file, and events without a receiver wait until it is mended', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const { url } = receiver;
    const defaults = 'defaults: {alert: ops, retry: {schedule: [1h]}}\n';
    const good = `hooks: {complete: "${url}/a", ops: "${url}/ops"}\n${defaults}`;
    world.hooks(good);
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('started');
    world.hooks('hooks: {complete: 5}\n');
    await daemon.says('wait until it is mended');
    await receiver.waitFor(1, 20_000);
    expect(JSON.parse(receiver.requests[0]!.body.toString())).toEqual({
      hooksFile: 'broken',
      reason: expect.stringContaining(world.config),
    });
    await world.run(['fire', 'late', '-d', '1', '--id', 'late']);
    await world.run(['fire', 'complete', '-d', '2']);
    await receiver.waitFor(2, 20_000);
    await until('only the late one waits', () => world.names('incoming').join() === 'late.json');
    expect(world.names('unclaimed')).toEqual([]);
    world.hooks(`hooks: {complete: "${url}/a", ops: "${url}/ops", late: "${url}/late"}\n${defaults}`);
    await daemon.says('the hooks file is usable again');
    await receiver.waitFor(4, 20_000);
    const last = receiver.requests.slice(2).map(({ body }) => body.toString());
    expect(last.sort()).toEqual(['1', '{"hooksFile":"well"}']);
    daemon.kill('SIGTERM');
    expect((await daemon.ended).stderr.match(/Cannot use the hooks file/g)).toHaveLength(1);
  });

  test('capnhook drain --wait ends with 78 when the hooks file breaks meanwhile', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => ({ status: 503 }));
    world.hooks(`hooks: {complete: "${receiver.url}"}\n`);
    await world.run(['fire', 'complete', '-d', '1']);
    const drain = world.start(['drain', '--wait', '4s']);
    await receiver.waitFor(1, 20_000);
    world.hooks('hooks: {complete: 5}\n');
    const { code, stderr } = await drain.ended;
    expect(stderr).toContain('stay in use');
    expect(stderr).toMatch(/1 still queued: .*; Cannot use the hooks file .*\n$/);
    expect(code).toBe(78);
  });

  test('capnhook drain --daemon reads its secrets anew on SIGHUP', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const secrets = ['the old one', 'the new one'].map(
      (text) => `whsec_${Buffer.from(text.repeat(3)).toString('base64')}`,
    );
    const file = world.file('secret', `${secrets[0]}\n`);
    world.hooks(`hooks: {complete: [{url: "${receiver.url}", sign: {file: "${file}"}}]}\n`);
    const daemon = world.start(['drain', '--daemon', '-v']);
    await world.run(['fire', 'complete', '-d', '1']);
    await receiver.waitFor(1, 20_000);
    writeFileSync(file, `${secrets[1]}\n`);
    daemon.kill('SIGHUP');
    await daemon.says('in use now');
    await world.run(['fire', 'complete', '-d', '2']);
    await receiver.waitFor(2, 20_000);
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toMatchObject({ code: 143 });

    for (const [n, secret] of secrets.entries()) {
      const { body, headers } = receiver.requests[n] ?? { body: '', headers: {} };
      expect(new Webhook(secret).verify(body.toString(), headers as Record<string, string>)).toBe(n + 1);
    }
  });
});
