/** retry(), drop(), pause() and resume() of the library: beside a daemon, where nobody drains, and where a drain is killed. */
import { describe, expect, test } from 'vitest';
import { drop, type Operated, pause, resume, retry } from '../../src/library/operate.js';
import type { AnswerRequest } from '../support/receiver.js';
import { createWorld, type Running, until, type World } from '../support/world.js';

/** A world with one endpoint, `chat`, that answers as it is told to. */
async function steered(answer: AnswerRequest = () => ({ status: 204 })) {
  const world = createWorld();
  let current = answer;
  const receiver = await world.receiver((request) => current(request));
  world.hooks(
    `hooks: {load: chat}\nendpoints: {chat: "${receiver.url}"}\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`,
  );
  const options = { spool: world.spool, config: world.config, by: 'jed' };
  const answers = (status: number): void => {
    current = () => ({ status });
  };
  return { world, receiver, options, answers, url: receiver.url };
}

async function fire(world: World, ...ids: string[]): Promise<void> {
  for (const id of ids)
    expect(await world.run(['fire', 'load', '-d', '1', '--id', id])).toMatchObject({ code: 0 });
}

async function daemonOf(world: World): Promise<Running> {
  const daemon = world.start(['drain', '--daemon', '--grace', '0s']);
  await daemon.says('started');
  return daemon;
}

function dead(world: World): string[] {
  const names = world.names('dead').flatMap((endpoint) => world.names(`dead/${endpoint}`));
  return names.filter((name) => !name.endsWith('.why.json')).map((name) => name.replace(/\.jsonl?$/, ''));
}

async function end(daemon: Running): Promise<void> {
  daemon.kill('SIGTERM');
  await daemon.ended;
}

describe('beside a daemon', () => {
  test('pause() lets nothing be sent, also after a restart, and resume() lets it go on', async () => {
    const { world, receiver, options } = await steered();
    const daemon = await daemonOf(world);
    expect(await pause('chat', { ...options, why: 'it is moved' })).toMatchObject({
      count: 0,
      endpoints: ['chat'],
    });
    await daemon.says('chat is paused: jed paused it: it is moved; its deliveries are kept');
    await fire(world, 'e1');
    await until('it is queued', () => world.names('queue/chat').length > 0);
    await end(daemon);
    const next = await daemonOf(world);
    await next.says('jed paused it: it is moved');
    expect(receiver.requests).toEqual([]);
    await resume('chat', options);
    await until('it is delivered', () => receiver.requests.length === 1);
    await next.says('chat is not paused any more, and is tried now');
    await end(next);
    expect(world.names('control')).toEqual([]);
  });

  test('resume() of an endpoint that answered 410 tries it', async () => {
    const { world, receiver, options, answers } = await steered(() => ({ status: 410 }));
    await fire(world, 'e1');
    const daemon = await daemonOf(world);
    await daemon.says('is paused: it answered 410');
    answers(204);
    await resume('chat', options);
    await until('it is delivered', () => receiver.requests.length === 2);
    await daemon.says('is well again');
    await end(daemon);
  });

  test('retry() sends what is parked, deferred, dead and unclaimed', async () => {
    const { world, receiver, options, answers } = await steered(() => ({ status: 413 }));
    await fire(world, 'deferred', 'dropped');
    await world.run(['fire', 'lost', '-d', '1', '--id', 'lost']);
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    expect(await drop({ ...options, ids: ['dropped'] })).toMatchObject({ count: 1, endpoints: ['chat'] });
    answers(503);
    await fire(world, 'parked');
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    const daemon = await daemonOf(world);
    world.hooks(`hooks: {load: chat, lost: chat}\nendpoints: {chat: "${receiver.url}"}\n`);
    answers(204);
    const before = receiver.requests.length;
    expect(await retry({ ...options, all: true })).toMatchObject({ count: 3, endpoints: ['chat'] });
    await until('all are delivered', () => receiver.requests.length === before + 4);
    const sent = receiver.requests.slice(before).map(({ headers }) => headers['webhook-id']);
    expect(sent.sort()).toEqual(['deferred', 'dropped', 'lost', 'parked']);
    await end(daemon);
    for (const room of ['queue', 'retry', 'unclaimed', 'incoming', 'control'])
      expect(world.names(room)).toEqual([]);
    expect(dead(world)).toEqual([]);
  });

  test('drop() moves what is queued, and what is in flight if it fails; what is fired later is sent', async () => {
    let fail = (): void => undefined;
    const failing = new Promise<void>((resolve) => {
      fail = resolve;
    });
    const { world, receiver, options, answers } = await steered(async () => {
      await failing;
      return { status: 400 };
    });
    world.hooks(`hooks: {load: chat}\nendpoints: {chat: {url: "${receiver.url}", concurrency: 1}}\n`);
    await fire(world, 'e1', 'e2', 'e3');
    const daemon = await daemonOf(world);
    await until('one is in flight', () => receiver.requests.length === 1);
    const dropping = drop({ ...options, endpoint: receiver.url });
    await until('the others are dead', () => dead(world).length === 2);
    answers(204);
    await fire(world, 'later');
    fail();
    expect((await dropping).isPending).toBeUndefined();
    await until('the later one is delivered', () => receiver.requests.length === 2);
    expect(dead(world).sort()).toEqual(['e1', 'e2', 'e3']);
    expect(receiver.requests.at(-1)?.headers['webhook-id']).toBe('later');
    await end(daemon);
  });
});

describe('where nobody drains', () => {
  test('each is done under the lock, and the next pass goes by it', async () => {
    const { world, receiver, options, answers } = await steered(() => ({ status: 503 }));
    await fire(world, 'e1', 'e2');
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    expect(await pause('chat', options)).toMatchObject({ count: 0, endpoints: ['chat'] });
    answers(204);
    await retry({ ...options, endpoint: 'chat' });
    const passed = await world.run(['drain']);
    expect(passed).toMatchObject({ code: 75 });
    expect(passed.stderr).toContain('2 for chat (paused: jed paused it)');
    expect(await drop({ ...options, ids: ['e1'] })).toMatchObject({ count: 1, endpoints: ['chat'] });
    await resume('chat', options);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ headers }) => headers['webhook-id']).slice(-1)).toEqual(['e2']);
    expect(dead(world)).toEqual(['e1']);
    expect(world.names('control')).toEqual([]);
  });

  test('dryRun changes nothing', async () => {
    const { world, options } = await steered(() => ({ status: 503 }));
    await fire(world, 'e1', 'e2');
    await world.run(['drain']);
    const dry = { ...options, dryRun: true };
    const operated: Operated[] = [
      await drop({ ...dry, hook: 'load' }),
      await retry({ ...dry, endpoint: 'chat' }),
      await retry({ ...dry, ids: ['e1'] }),
      await pause('chat', dry),
    ];
    expect(operated.map(({ count }) => count)).toEqual([2, 0, 0, 0]);
    expect(operated.map(({ endpoints }) => endpoints)).toEqual([['chat'], ['chat'], ['chat'], ['chat']]);
    expect(dead(world)).toEqual([]);
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
  });

  test('an empty selection, an unknown endpoint, and times that are none are refused', async () => {
    const { world, options } = await steered();
    await fire(world, 'e1');
    await expect(drop(options)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(retry({ ...options, endpoint: 'chad' })).rejects.toMatchObject({
      code: 'NO_INPUT',
      hint: 'Did you mean chat?',
    });
    await expect(retry({ ...options, endpoint: '../incoming' })).rejects.toMatchObject({ code: 'NO_INPUT' });
    await expect(retry({ ...options, hook: 'a/b' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(retry({ ...options, since: Number.NaN })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(pause('chat', { ...options, until: 1 })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(pause([], options)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(retry({ ...options, spool: '/nowhere' })).rejects.toMatchObject({ code: 'SPOOL_CREATE' });
  });
});

describe('where the drain is killed', () => {
  test('a daemon killed with SIGKILL while it puts the dead back loses none, and the next drain sends each', async () => {
    const { world, receiver, options, answers } = await steered(() => ({ status: 503 }));
    const count = 600;
    const input = Array.from({ length: count }, (_, n) => `${n}`).join('\n');
    await world.run(['fire', 'load', '--ndjson', '-', '--id', 'b'], { input });
    await world.run(['drain']);
    expect(await drop({ ...options, all: true })).toMatchObject({ count });
    await pause('chat', options);
    answers(204);
    const before = receiver.requests.length;
    const daemon = await daemonOf(world);
    const retrying = retry({ ...options, all: true });
    await until('some are back', () => world.names('retry/chat').length > 0);
    daemon.kill('SIGKILL');
    await daemon.ended;
    await retrying;
    expect([dead(world).length, world.names('retry/chat').length]).toEqual([0, count]);
    await resume('chat', options);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    const sent = receiver.requests.slice(before).map(({ headers }) => headers['webhook-id']);
    expect(sent).toHaveLength(count);
    expect(new Set(sent).size).toBe(count);
  });
});
