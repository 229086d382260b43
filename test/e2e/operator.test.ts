/** Mistakes of the operator and shortages of this machine: nothing is blamed on an endpoint, and the remedy is named. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testWith } from '../faults/support/test-with.js';
import { createWorld, type World } from '../support/world.js';

const health = (world: World, endpoint: string): Record<string, unknown> => {
  const path = join(world.spool, `endpoints/${endpoint}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
};

/** Two endpoints; the first one has more settings. */
function hooksFile(url: string, settings: string): string {
  return `hooks: {complete: [broken, fine]}\nendpoints:\n  broken: {${settings}}\n  fine: {url: "${url}/fine"}\n`;
}

describe('a mistake of the operator', () => {
  test.each<[string, (url: string) => string, Record<string, string>, RegExp, Record<string, string>]>([
    [
      'a secret is missing',
      (url) => `url: "${url}", sign: [{env: SECRET}]`,
      {},
      /SECRET is not set/,
      { SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    ],
    [
      'a secret is malformed',
      (url) => `url: "${url}", sign: [{env: SECRET}]`,
      { SECRET: 'x' },
      /SECRET cannot be signed with/,
      { SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    ],
    [
      'a header is malformed',
      (url) => `url: "${url}", headers: {x-a: {env: TOKEN}}`,
      { TOKEN: 'a\nb' },
      /header x-a cannot be sent/,
      { TOKEN: 'a' },
    ],
    ['a URL is bad', () => 'url: {env: TARGET}', { TARGET: 'example.com' }, /TARGET cannot be used/, {}],
  ])(
    'capnhook drain exits 78 with the remedy when %s, and blames nobody',
    async (_, settings, wrong, reason, right) => {
      const world = createWorld();
      const receiver = await world.receiver();
      world.hooks(hooksFile(receiver.url, settings(receiver.url)));
      await world.run(['fire', 'complete', '-d', '1']);
      const first = await world.run(['drain'], { env: wrong });
      expect(first.code).toBe(78);
      expect(first.stderr).toMatch(reason);
      expect(first.stderr).toMatch(/Set (SECRET|TOKEN|TARGET) where the drain is started/);
      const second = await world.run(['drain', '--json'], { env: wrong });
      expect(second.code).toBe(78);
      expect(second.stderr).not.toContain('where the drain is started'); // it is told once
      expect(JSON.parse(second.stdout)).toMatchObject({ failed: 0, gaveUp: 0, owed: 1, misconfigured: 1 });
      expect(Object.keys(health(world, 'broken'))).toEqual(['endpoint', 'mistake']);
      world.hooks('hooks: [');
      const third = await world.run(['drain', '--json'], { env: wrong });
      expect(JSON.parse(third.stdout)).toMatchObject({
        owed: 1,
        misconfigured: 1,
        error: { code: 'HOOKS_FILE' },
      });
      world.hooks(hooksFile(receiver.url, settings(receiver.url)));
      const env = 'TARGET' in wrong ? { TARGET: receiver.url } : right;
      expect(await world.run(['drain'], { env })).toMatchObject({ code: 0 });
      expect(receiver.requests).toHaveLength(2);
      expect(health(world, 'broken')).toEqual({});
    },
  );

  test('capnhook drain --wait ends as soon as only the environment could help, and waits for a file', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks(hooksFile(receiver.url, `url: "${receiver.url}", sign: [{env: SECRET}]`));
    await world.run(['fire', 'complete', '-d', '1']);
    const before = performance.now();
    expect((await world.run(['drain', '--wait', '45s'])).code).toBe(78);
    expect(performance.now() - before).toBeLessThan(20_000);
    const file = join(world.root, 'secret');
    world.hooks(hooksFile(receiver.url, `url: "${receiver.url}", sign: [{file: "${file}"}]`));
    const waiting = world.start(['drain', '--wait', '45s']);
    await waiting.says('is not there');
    world.file('secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect((await waiting.ended).code).toBe(0);
  });
});

describe('this machine', () => {
  const inNetns = testWith({ root: true, commands: ['unshare', 'ip'] });
  /** A network of its own in which only the loopback is up. */
  const alone = (more = ''): string[] => [
    'unshare',
    '-n',
    'sh',
    '-c',
    `ip link set lo up; ${more} exec "$@"`,
    'sh',
  ];

  inNetns('capnhook drain blames no endpoint when this machine has no route, and says so', async () => {
    const world = createWorld();
    world.hooks(
      'hooks: {complete: [one, two]}\nendpoints:\n  one: {url: "http://192.0.2.1/"}\n  two: {url: "http://192.0.2.2/"}\n',
    );
    await world.run(['fire', 'complete', '-d', '1']);
    const pass = await world.run(['drain'], { prefix: alone() });
    expect(pass.code).toBe(75);
    expect(pass.stderr.match(/the network cannot be reached \(ENETUNREACH\)/g)).toHaveLength(1);
    expect([health(world, 'one'), health(world, 'two')]).toEqual([{}, {}]);
  });

  inNetns('capnhook drain parks an endpoint that only IPv6 reaches, where there is none', async () => {
    const world = createWorld();
    world.hooks('hooks: {complete: [six]}\nendpoints:\n  six: {url: "http://[2001:db8::1]/"}\n');
    await world.run(['fire', 'complete', '-d', '1']);
    const prefix = alone('echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6;');
    const pass = await world.run(['drain'], { prefix });
    expect(pass.code).toBe(75);
    expect(pass.stderr).toContain('fails: NO_IPV6');
    expect(health(world, 'six')).toMatchObject({ failures: 1 });
  });
});
