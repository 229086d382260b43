/** A receiver behind HAProxy with a body limit: the proxy answers before it has read the whole body, and closes. */
import { createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { testWith } from '../faults/support/test-with.js';
import { createWorld, until, type World } from '../support/world.js';

const test = testWith({ commands: ['haproxy'] });

/** Every limit of the proxy, in bytes. */
const maxBodyBytes = 1_000_000;

/** As nobody, where root starts it. */
const unprivileged = process.getuid?.() === 0 ? 'uid 65534\n  gid 65534' : '';

function proxyConfig(port: number, receiver: string): string {
  return `
global
  maxconn 100
  ${unprivileged}
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port}
  http-request deny deny_status 413 if { req.hdr(content-length) -m int gt ${maxBodyBytes} }
  default_backend receiver
backend receiver
  server one ${new URL(receiver).host}
`;
}

/** A port of 127.0.0.1 that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Starts HAProxy before a receiver. @returns the proxy's URL */
async function startProxy(world: World, receiver: string): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = world.file('haproxy.cfg', proxyConfig(port, receiver));
  const proxy = world.launch('haproxy', ['-db', '-f', config]);
  const answers = (): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  await Promise.race([
    until('HAProxy answers', answers),
    proxy.ended.then(({ code, stderr }) => Promise.reject(new Error(`HAProxy ended (${code}): ${stderr}`))),
  ]);
  return url;
}

describe('a receiver behind HAProxy with a body limit', () => {
  test('capnhook drain reports the 413 of the proxy with its reason, and delivers everything else', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const url = await startProxy(world, receiver.url);
    const before = receiver.requests.length;
    world.hooks(`
hooks: {complete: [chat]}
endpoints: {chat: {url: "${url}/in"}}
defaults: {concurrency: 1, retry: {schedule: [1h], jitter: 0}}
`);
    const large = world.file('large.json', JSON.stringify('x'.repeat(5_000_000)));
    await world.run(['fire', 'complete', '-d', '"first"']);
    for (const id of ['large_1', 'large_2', 'large_3', 'large_4', 'large_5'])
      await world.run(['fire', 'complete', large, '--id', id]);
    await world.run(['fire', 'complete', '-d', '"last"']);

    const pass = await world.run(['drain', '--json', '-v']);
    expect(pass.code, pass.stderr).toBe(75);
    expect(JSON.parse(pass.stdout)).toMatchObject({ delivered: 2, failed: 5, owed: 5 });
    expect(pass.stderr).toMatch(/\(chat\) rejects large_1: 413: Payload Too Large; next attempt/);
    expect(pass.stderr).not.toContain('(chat) fails');
    const bodies = receiver.requests.slice(before).map(({ body }) => `${body}`);
    expect(bodies).toEqual(['"first"', '"last"']);
  });
});
