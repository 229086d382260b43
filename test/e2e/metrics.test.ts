/** `drain --daemon --metrics`: what Prometheus and a supervisor are told while it runs. */
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { findPromtool, promtoolFindings } from '../support/promtool.js';
import { createWorld, type Running, until, type World } from '../support/world.js';

async function measuredDaemon(world: World, ...args: string[]): Promise<{ daemon: Running; base: string }> {
  let said = '';
  const daemon = world.start(['drain', '--daemon', '--metrics', '127.0.0.1:0', ...args]);
  daemon.child.stderr.on('data', (text: string) => {
    said += text;
  });
  await daemon.says('/metrics');
  return { daemon, base: /metrics (http:\S+)\/metrics/.exec(said)?.[1] ?? '' };
}

async function text(url: string): Promise<string> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return answer.text();
}

describe('drain --daemon --metrics', () => {
  test('tells attempts from memory, and the rest from the spool, without a URL', async ({ skip }) => {
    const world = createWorld();
    const receiver = await world.receiver();
    const other = await world.receiver(() => ({ status: 500 }));
    world.hooks(`hooks: {load: chat}\nendpoints: {chat: "${receiver.url}"}\n`);
    const { daemon, base } = await measuredDaemon(world);
    await world.run(['fire', 'load', '-d', '1']);
    await world.run(['fire', `${other.url}/s3cret`, '-d', '1']);
    await until('both were tried', () => receiver.requests.length + other.requests.length === 2);
    await until('both are counted', async () => {
      const now = await text(`${base}/metrics`);
      return (
        now.includes('{endpoint="other",result="failed"} 1') &&
        /queued_deliveries{endpoint="other"} 1/.test(now)
      );
    });
    const metrics = await text(`${base}/metrics`);
    expect(metrics).toContain('capnhook_delivery_attempts_total{endpoint="chat",result="delivered"} 1\n');
    expect(metrics).toContain('capnhook_delivery_duration_seconds_count{endpoint="chat"} 1\n');
    expect(metrics).toContain('capnhook_drain_running 1\n');
    expect(metrics).not.toMatch(/127\.0\.0\.1|s3cret/);
    expect(await text(`${base}/healthz`)).toBe('ok\n');
    daemon.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(143);
    await expect(fetch(`${base}/metrics`)).rejects.toThrow();
    const promtool = findPromtool();
    if ('missing' in promtool) return skip(promtool.missing);
    expect(promtoolFindings(promtool.path, metrics)).toBe('');
  });

  test('is not well while it stops', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => new Promise(() => {}));
    world.hooks(`hooks: {load: "${receiver.url}"}\n`);
    const { daemon, base } = await measuredDaemon(world, '--grace', '1h');
    await world.run(['fire', 'load', '-d', '1']);
    await until('it is in flight', () => receiver.requests.length === 1);
    daemon.kill('SIGTERM');
    await until('it says so', async () => (await fetch(`${base}/healthz`)).status === 503);
    expect(await (await fetch(`${base}/healthz`)).text()).toBe('the drain is stopping\n');
    daemon.kill('SIGTERM');
    await daemon.ended;
  });

  test('of start is served at a Unix socket; an address in use is refused with words', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    const socket = `${world.root}/metrics.sock`;
    expect(await world.run(['start', '--metrics', `unix:${socket}`])).toMatchObject({ code: 0 });
    const metrics = await new Promise<string>((resolve, reject) => {
      request({ socketPath: socket, path: '/metrics' }, async (response) => {
        let body = '';
        for await (const chunk of response.setEncoding('utf8')) body += chunk;
        resolve(body);
      })
        .on('error', reject)
        .end();
    });
    expect(metrics).toContain('capnhook_drain_running 1\n');
    const second = ['drain', '--daemon', '--spool', `${world.root}/second`, '--metrics', `unix:${socket}`];
    await world.run(['init', '--spool', `${world.root}/second`]);
    expect(await world.run(second)).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(
        /Cannot serve metrics at unix:.*\(EADDRINUSE\): another program uses this address/,
      ),
    });
    expect(await world.run(['stop'])).toMatchObject({ code: 0 });
  });

  test('needs a daemon, and an address', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    await world.run(['init']);
    expect(await world.run(['drain', '--metrics', '9464'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('only a daemon serves metrics'),
    });
    expect(await world.run(['drain', '--daemon', '--metrics', 'http://x'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('it is no host and port'),
    });
  });
});
