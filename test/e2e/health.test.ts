/** An endpoint gets sick and recovers, from one cron pass to the next: what is said, who is told, and what is sent. */
import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Answer, AnswerRequest, Receiver } from '../support/receiver.js';
import { createWorld, until, type World } from '../support/world.js';

interface ChatOptions {
  /** Default 10ms. */
  schedule?: string;
  /** More defaults: `rate: 3/h`. */
  more?: string;
  /** Whether `onChange` and `alert` are told of what happens. Default false. */
  isWatched?: boolean;
}

/** A world whose hook `complete` has one endpoint, `chat`. */
async function createChat(answer?: AnswerRequest, { schedule = '10ms', more, isWatched }: ChatOptions = {}) {
  const world = createWorld();
  const receiver = await world.receiver(answer);
  const watched = isWatched ? await watch(world) : undefined;
  world.hooks(`
hooks: {complete: [chat]${watched ? `, ${watched.hook}` : ''}}
endpoints: {chat: {url: "${receiver.url}"}}
defaults: {${[`retry: {schedule: [${schedule}], jitter: 0}`, watched?.defaults, more].filter(Boolean).join(', ')}}
`);
  return { world, receiver, alerts: watched?.alerts, changes: watched?.changes ?? (() => []) };
}

/** What `onChange` and `alert` are told: settings for a hooks file, and what came of them. */
async function watch(world: World) {
  const ops = await world.receiver();
  const told = join(world.root, 'told');
  return {
    hook: `trouble: ["${ops.url}"]`,
    defaults: `alert: trouble, onChange: {command: [/bin/sh, -c, "cat >> ${told}"]}`,
    alerts: ops,
    /** What the command of `onChange` read, a line each. */
    changes: () => readFileSync(told, 'utf8').trimEnd().split('\n'),
  };
}

function parsed(lines: readonly string[]): unknown[] {
  return lines.map((line) => JSON.parse(line) as unknown);
}

function bodiesOf(receiver: Receiver | undefined): string[] {
  return (receiver?.requests ?? []).map(({ body }) => body.toString());
}

/** The saved health of `chat`. */
function healthOf(world: World) {
  return JSON.parse(readFileSync(join(world.spool, 'endpoints/chat.json'), 'utf8'));
}

const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('endpoint health', () => {
  test('capnhook drain says once that an endpoint fails, and once that it is well again, and nothing in between', async () => {
    let answer: Answer = { status: 503 };
    const { world } = await createChat(() => answer);
    await world.run(['fire', 'complete', '-d', '1']);
    const said: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const pass = await world.run(['drain', '-q']);
      expect(pass).toMatchObject({ code: 75, stdout: '' });
      said.push(pass.stderr);
      await aMoment();
    }
    answer = { status: 204 };
    const last = await world.run(['drain']);
    expect(last).toMatchObject({ code: 0, stdout: '' });
    expect(said[0]).toMatch(
      /^capnhook: http:\/\/127\.0\.0\.1:\d+ \(chat\) fails: 503; next attempt in [\dmsh ]+\ncapnhook: .*1 still queued: 1 for chat \(parked: 503, .*\n$/,
    );
    expect(said.slice(1)).toEqual(['', '', '']);
    expect(last.stderr).toMatch(/^capnhook: http:\/\/127\.0\.0\.1:\d+ \(chat\) is well again\n$/);
    // It recovers slowly, in the next pass as well.
    expect(healthOf(world)).toEqual({ endpoint: 'chat', allowed: 1 });
  });

  test('capnhook drain tells the command of onChange, and fires the hook of alert, once for each change', async () => {
    let answer: Answer = { status: 503 };
    const { world, alerts, changes } = await createChat(() => answer, { isWatched: true });
    await world.run(['fire', 'complete', '-d', '1']);
    await world.run(['drain']);
    await aMoment();
    await world.run(['drain']);
    await aMoment();
    answer = { status: 204 };
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(parsed(changes())).toMatchObject([
      { endpoint: 'chat', from: 'well', to: 'parked', owed: 1 },
      { endpoint: 'chat', from: 'parked', to: 'well', owed: 0 },
    ]);
    expect(bodiesOf(alerts)).toEqual(changes());
    expect(alerts?.requests[0]?.headers['capnhook-hook']).toBe('trouble');
  });

  test('capnhook drain tells of the first delivery that an endpoint rejects, on stderr and to onChange and alert, and of no other', async () => {
    let isMended = false;
    const { world, alerts, changes } = await createChat(
      ({ body }) => (isMended || `${body}` !== '"bad"' ? { status: 204 } : { status: 422 }),
      { isWatched: true },
    );
    const rejection =
      /capnhook: http:\/\/127\.0\.0\.1:\d+ \(chat\) rejects evt_\w+: 422; next attempt of that event in \S+\n/;
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: '"bad"\n"good"\n"bad"\n' });
    const first = await world.run(['drain']);
    expect(first).toMatchObject({ code: 75, stderr: expect.stringMatching(rejection) });
    expect(first.stderr.match(/rejects/g)).toHaveLength(1);
    for (const _ of [1, 2]) {
      await aMoment();
      await world.run(['fire', 'complete', '-d', '"bad"']);
      expect((await world.run(['drain'])).stderr).not.toContain('rejects');
    }
    expect(parsed(changes())).toMatchObject([
      { endpoint: 'chat', from: 'well', to: 'well', rejected: '422' },
    ]);
    expect(bodiesOf(alerts)).toEqual(changes());
    isMended = true;
    expect(await world.run(['drain', '--wait', '20s', '-q'])).toMatchObject({ code: 0 });
    isMended = false;
    await world.run(['fire', 'complete', '-d', '"bad"']);
    expect((await world.run(['drain'])).stderr).toMatch(rejection);
  });

  test('capnhook drain tells onChange and alert of what it puts into corrupt/', async () => {
    const world = createWorld();
    const { hook, defaults, alerts, changes } = await watch(world);
    world.hooks(`hooks: {${hook}}\ndefaults: {${defaults}}\n`);
    await world.run(['init']);
    for (const name of ['a', 'b'])
      utimesSync(world.file(`${world.spool.slice(world.root.length)}/incoming/${name}.json`, '['), 1, 1);
    await world.run(['drain']);
    expect(world.names('corrupt')).toEqual(['a.json', 'a.json.why', 'b.json', 'b.json.why']);
    // Two entries that are not taken in together are told one after the other.
    const told = parsed(changes()) as Array<{ corrupt: number; name: string; reason: string }>;
    expect(told.reduce((sum, { corrupt }) => sum + corrupt, 0)).toBe(2);
    expect(told[0]).toMatchObject({ name: 'a.json', reason: expect.any(String) });
    expect(bodiesOf(alerts)).toEqual(changes());
  });

  test('capnhook drain heeds webhook-delivery: a delivery is given up, the endpoint is paused', async () => {
    let wish = 'abort-message';
    const { world, receiver } = await createChat(() => ({
      status: 422,
      headers: { 'webhook-delivery': wish },
    }));
    await world.run(['fire', 'complete', '--id', 'never', '-d', '1']);
    const gaveUp = await world.run(['drain']);
    expect(gaveUp.code).toBe(69);
    expect(gaveUp.stderr).toMatch(
      /gave up 1 delivery for \S+ \(chat\): the receiver wants it never again: 422/,
    );
    expect(world.names('dead/chat')).toEqual(['never.json', 'never.why.json']);
    wish = 'disable';
    await world.run(['fire', 'complete', '-d', '2']);
    const paused = await world.run(['drain']);
    expect(paused.code).toBe(75);
    expect(paused.stderr).toMatch(
      /\(chat\) is paused: it answered .*disable; its deliveries are kept\n.*1 still queued: 1 for chat \(paused: .*disable\)\n$/,
    );
    await aMoment();
    expect(await world.run(['drain', '-q'])).toMatchObject({ code: 75, stderr: '' });
    expect(receiver.requests).toHaveLength(2);
  });

  test('capnhook drain delivers what lies behind a run of rejections in the same pass', async () => {
    const { world } = await createChat(({ body }) => ({ status: `${body}` === '0' ? 400 : 204 }), {
      schedule: '1h',
    });
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: '0\n0\n0\n0\n0\n0\n0\n0\n1\n1\n1' });
    const pass = await world.run(['drain', '--json']);
    expect(pass.code).toBe(75);
    expect(JSON.parse(pass.stdout)).toMatchObject({ delivered: 3, failed: 8, owed: 8, gaveUp: 0 });
    expect(pass.stderr).not.toContain('fails');
  });

  test.each([
    [403, '3600.5', 3_600_500],
    [302, '7200', 7_200_000],
  ])('capnhook drain heeds Retry-After with %d, and a fraction', async (status, retryAfter, waitMs) => {
    const { world } = await createChat(() => ({ status, headers: { 'retry-after': retryAfter } }));
    await world.run(['fire', 'complete', '-d', '1']);
    const before = Date.now();
    expect((await world.run(['drain'])).code).toBe(75);
    const { parkedUntil } = healthOf(world);
    expect(parkedUntil).toBeGreaterThanOrEqual(before + waitMs);
    expect(parkedUntil).toBeLessThanOrEqual(Date.now() + waitMs);
  });

  test('capnhook drain delays what is rejected with Retry-After, and nothing else', async () => {
    const { world, receiver } = await createChat(({ body }) =>
      `${body}` === '0' ? { status: 413, headers: { 'retry-after': '3600' } } : {},
    );
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: '0\n1' });
    await world.run(['drain']);
    await aMoment();
    expect((await world.run(['drain'])).code).toBe(75);
    expect(receiver.requests.map(({ body }) => `${body}`).sort()).toEqual(['0', '1']);
  });

  test('capnhook drain tells once of an endpoint that answers 204 and 429 by turns', async () => {
    let count = 0;
    const { world, receiver } = await createChat(() => ({ status: count++ % 2 === 0 ? 204 : 429 }), {
      more: 'concurrency: 1',
    });
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: '1\n2\n3\n4' });
    const daemon = world.start(['drain', '--daemon']);
    await until('all is delivered', () => receiver.requests.length >= 7);
    daemon.kill('SIGTERM');
    const { stderr } = await daemon.ended;
    expect(stderr.match(/fails: 429/g)).toHaveLength(1);
    expect(stderr).not.toContain('well again');
  });

  test('capnhook drain --wait tries a parked endpoint every few seconds, and moves no schedule by that', async () => {
    let isUp = false;
    const { world, receiver } = await createChat(() => ({ status: isUp ? 204 : 503 }), { schedule: '1h' });
    await world.run(['fire', 'complete', '-d', '1']);
    expect((await world.run(['drain'])).code).toBe(75);
    const parked = healthOf(world);
    const waiting = world.start(['drain', '--wait', '40s']);
    await receiver.waitFor(3, 30_000);
    const { failures, failedAt, parkedUntil } = parked;
    isUp = true;
    expect((await waiting.ended).code).toBe(0);
    expect(receiver.requests.length).toBeLessThan(12);
    // And where it stays down, nothing has moved.
    isUp = false;
    await world.run(['fire', 'complete', '-d', '2']);
    await world.run(['drain']);
    const before = healthOf(world);
    expect((await world.run(['drain', '--wait', '4s'])).code).toBe(75);
    const { failures: f, failedAt: a, parkedUntil: u } = healthOf(world);
    expect({ f, a, u }).toEqual({ f: before.failures, a: before.failedAt, u: before.parkedUntil });
    expect([failures, failedAt.length, parkedUntil > Date.now()]).toEqual([1, 1, true]);
  });

  test('capnhook drain --wait does not come before the time that Retry-After asks for', async () => {
    const { world, receiver } = await createChat(() => ({ status: 503, headers: { 'retry-after': '3600' } }));
    await world.run(['fire', 'complete', '-d', '1']);
    expect((await world.run(['drain', '--wait', '5s'])).code).toBe(75);
    expect(receiver.requests).toHaveLength(1);
  });

  test('capnhook drain --wait ends in time while an attempt hangs', async () => {
    const { world } = await createChat(() => new Promise<Answer>(() => {}));
    await world.run(['fire', 'complete', '-d', '1']);
    const before = performance.now();
    expect((await world.run(['drain', '--wait', '2s'])).code).toBe(75);
    expect(performance.now() - before).toBeLessThan(9_000); // the timeout is 20 s, and a grace time 10 s
  });

  test('capnhook drain keeps the rate from one pass to the next', async () => {
    const { world, receiver } = await createChat(undefined, { more: 'rate: 3/h' });
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: '1\n2\n3\n4\n5' });
    const first = await world.run(['drain', '-q']);
    expect(first.stderr).toMatch(
      /^capnhook: .* 2 for chat \(its rate limit is reached, next attempt in [\dmsh ]+\)\n$/,
    );
    expect(await world.run(['drain', '-q'])).toMatchObject({ code: 75, stderr: '' });
    expect(receiver.requests).toHaveLength(3);
  });
});
