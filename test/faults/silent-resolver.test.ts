/** A name server that never answers: nothing that has nothing to do with it waits for it, and no process does at its end. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, onTestFinished } from 'vitest';
import { createWorld, type World } from '../support/world.js';
import { createMounts, type Mounts, mountNeeds } from './support/mounts.js';
import { testWith } from './support/test-with.js';

const testHere = testWith({ ...mountNeeds, commands: [...mountNeeds.commands, 'getent'] });

/** A resolver waits this long for it, in s: longer than a test may last. */
const resolverTimeout = 40;

/** Far more than the second that is promised, and far less than the resolver waits; in ms. */
const soonMs = 15_000;

/** A world whose name server is silent, and the names that its `/etc/hosts` has. */
async function newSilence(hosts = ''): Promise<{ world: World; mounts: Mounts; queries(): number }> {
  const world = createWorld();
  const mounts = await createMounts(world);
  const server = createSocket('udp4');
  const address = `127.0.${(process.pid % 250) + 1}.53`;
  server.bind(53, address);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  let queries = 0;
  server.on('message', () => {
    queries += 1;
  });
  world.file('resolv.conf', `nameserver ${address}\noptions timeout:${resolverTimeout} attempts:1\n`);
  world.file('hosts', `127.0.0.1 localhost\n${hosts}`);
  for (const name of ['resolv.conf', 'hosts'])
    await mounts.sh(`mount --bind ${world.root}/${name} /etc/${name}`);
  return { world, mounts, queries: () => queries };
}

async function timed<T>(run: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const startedAt = performance.now();
  const result = await run();
  return { ms: performance.now() - startedAt, result };
}

describe('a name server that is silent', () => {
  testHere('capnhook drain ends with its attempt, and not with the look-up', async () => {
    const { world, mounts } = await newSilence();
    world.hooks('hooks: {complete: "http://receiver.example/"}\ndefaults: {timeout: 1s}\n');
    await world.run(['fire', 'complete', '-d', '1']);
    const { ms, result } = await timed(() => world.run(['drain'], mounts));
    expect(result).toMatchObject({ code: 75, stderr: expect.stringContaining('EAI_AGAIN') });
    expect(ms).toBeLessThan(soonMs);
  });

  testHere('capnhook drain --wait says at its end that the look-up has not answered', async () => {
    const { world, mounts } = await newSilence();
    world.hooks('hooks: {complete: "http://receiver.example/"}\n');
    await world.run(['fire', 'complete', '-d', '1']);
    const { code, stderr } = await world.run(['drain', '--wait', '1s'], mounts);
    expect(code).toBe(75);
    expect(stderr).toMatch(/\(due now: the look-up of its host name has not answered\)\n$/);
  });

  testHere('capnhook drain --daemon ends with the second signal', async () => {
    const { world, mounts, queries } = await newSilence();
    world.hooks('hooks: {complete: "http://receiver.example/"}\n');
    await world.run(['fire', 'complete', '-d', '1']);
    const daemon = world.start(['drain', '--daemon'], { prefix: mounts.prefix });
    while (queries() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const { ms, result } = await timed(() => {
      daemon.kill('SIGINT');
      daemon.kill('SIGTERM');
      return daemon.ended;
    });
    expect([130, 143]).toContain(result.code);
    expect(ms).toBeLessThan(soonMs);
  });

  testHere(
    'an endpoint in /etc/hosts gets its event beside 60 names that hang, and none of them is blamed',
    async () => {
      const { world, mounts } = await newSilence('127.0.0.1 healthy.example\n');
      const receiver = await world.receiver();
      const healthy = receiver.url.replace('127.0.0.1', 'healthy.example');
      const dead = Array.from({ length: 60 }, (_, at) => `http://dead-${at}.example/`);
      world.hooks(JSON.stringify({ hooks: { complete: [...dead, healthy] } }));
      await world.run(['fire', 'complete', '-d', '1']);
      const drain = world.start(['drain', '--daemon', '-v', '--grace', '0s'], { prefix: mounts.prefix });
      await receiver.waitFor(1, 15_000);
      drain.kill('SIGTERM');
      const { stderr } = await drain.ended;
      expect(stderr).not.toContain('fails:');
    },
  );

  testHere('names that all get no address are not to blame', async () => {
    const { world, mounts } = await newSilence();
    const urls = ['http://a.example/', 'http://b.example/'];
    world.hooks(JSON.stringify({ hooks: { complete: urls }, defaults: { timeout: '1s' } }));
    await world.run(['fire', 'complete', '-d', '1']);
    const { code, stderr } = await world.run(['drain', '-v'], mounts);
    expect(code).toBe(75);
    expect(stderr).toContain('NAME_SERVICE');
    expect(stderr).not.toContain('fails:');
  });
});
