import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openHooks } from '../../src/hooks/file/live-hooks.js';
import {
  CapnhookError,
  deregister,
  drain,
  type FireOptions,
  fire,
  fireBatch,
  flush,
  flushable,
  init,
  type Notice,
  register,
  retryUnclaimed,
  start,
  stop,
  type Target,
  targets,
} from '../../src/index.js';
import { type Clock, systemClock } from '../../src/shared/clock.js';
import { ensureBuilt } from '../support/built.js';
import { createPlace } from '../support/place.js';
import { type AnswerRequest, startReceiver } from '../support/receiver.js';
import { tempDir } from '../support/temp.js';
import { isRunning, node, repository, until } from '../support/world.js';

beforeAll(ensureBuilt, 60_000);

async function receiver(answer?: AnswerRequest) {
  const started = await startReceiver(answer);
  onTestFinished(() => started.close());
  return started;
}

/** A place, and the options that lead there. */
function here() {
  const place = createPlace();
  return { place, env: place.env, options: { env: place.env } satisfies FireOptions };
}

describe('fire()', () => {
  const a = 'http://a.example/';
  const b = 'http://b.example/';

  it.each<[string, Target, Record<string, unknown>]>([
    ['a hook', 'complete', { hook: 'complete' }],
    ['a URL', a, { to: [a] }],
    ['several URLs', [a, b], { to: [a, b] }],
    ['a function', () => a, { to: [a] }],
    ['a function that gives a hook', () => 'complete', { hook: 'complete' }],
    ['an async function', async () => [a, b], { to: [a, b] }],
    ['a nested function', () => async () => () => [b], { to: [b] }],
  ])('fire() at %s', async (_, target, header) => {
    const { place, options } = here();
    const { id, events } = await fire(target, { n: 1 }, options);
    expect(events).toBe(1);
    const event = JSON.parse(place.only('incoming'));
    expect(event).toEqual({ capnhook: 1, id, time: expect.any(String), payload: { n: 1 }, ...header });
  });

  it('fire() at URLs can tell the hook too', async () => {
    const { place, options } = here();
    await fire([a], 1, { ...options, hook: 'complete' });
    expect(JSON.parse(place.only('incoming'))).toMatchObject({ hook: 'complete', to: [a] });
  });

  it("fire() at a hook's name with another hook is USAGE", async () => {
    const { place, options } = here();
    await expect(fire('complete', 1, { ...options, hook: 'other' })).rejects.toMatchObject({ code: 'USAGE' });
    expect(place.names('incoming')).toEqual([]);
  });

  it('fire() at a function that gives nobody is USAGE, as it may have failed', async () => {
    const { place, options } = here();
    await expect(fire(async () => [], 1, options)).rejects.toMatchObject({ code: 'USAGE' });
    expect(place.names('incoming')).toEqual([]);
  });

  it.each([{ id: 1234 }, { id: null }, { spool: null }, { hook: 5 }])(
    'fire() with %j is USAGE',
    async (wrong) => {
      const { options } = here();
      const asked = { ...options, ...wrong } as never;
      const message = `Cannot fire: option "${Object.keys(wrong)[0]}" must be a string`;
      await expect(fire(a, 1, asked)).rejects.toMatchObject({ code: 'USAGE', message });
      await expect(fireBatch(a, Buffer.from('1'), asked)).rejects.toMatchObject({ code: 'USAGE' });
    },
  );

  it('fireBatch() of a text is USAGE', async () => {
    const { options } = here();
    await expect(fireBatch(a, '1\n2\n' as never, options)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each<[string, unknown]>([
    ['a number', 7],
    ['nothing', undefined],
    ['a list of numbers', [7]],
    ['a promise of an object', async () => ({})],
  ])('fire() at %s is USAGE', async (_, target) => {
    const { place, options } = here();
    await expect(fire(target as Target, 1, options)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('neither a hook'),
    });
    expect(place.names('incoming')).toEqual([]);
  });

  it('fire() rejects with the error of a function that fails, and queues nothing', async () => {
    const { place, options } = here();
    const error = new Error('the database is down');
    await expect(fire(() => Promise.reject(error), 1, options)).rejects.toBe(error);
    expect(place.names('incoming')).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['a value', { a: [1, null, 'x'] }, '{"a":[1,null,"x"]}'],
    ['null', null, 'null'],
    ['a text', 'text', '"text"'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [
      'bytes, as they are',
      Buffer.from('{"a": 12345678901234567890, "a":1.0}'),
      '{"a": 12345678901234567890, "a":1.0}',
    ],
    ['a Uint8Array', Uint8Array.of(0x31), '1'],
    ['half a surrogate pair', '\ud800', '"\\ud800"'],
  ])('fire() takes %s', async (_, payload, text) => {
    const { place, options } = here();
    await fire('complete', payload, options);
    expect(place.only('incoming')).toContain(`"payload":${text}\n`);
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /type undefined has no JSON/],
    ['a function', () => 1, /type function has no JSON/],
    ['a symbol', Symbol('x'), /type symbol has no JSON/],
    ['a BigInt', 1n, /cannot be written as JSON/],
    ['a circle', circular, /cannot be written as JSON/],
    ['no bytes', new Uint8Array(), /payload/],
    ['half a JSON text', Buffer.from('{"a"'), /payload/],
    [
      'one whose toJSON throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
      /cannot be written as JSON/,
    ],
  ])('fire() refuses %s as BAD_PAYLOAD, and queues nothing', async (_, payload, message) => {
    const { place, options } = here();
    const error: unknown = await fire('complete', payload, options).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CapnhookError);
    expect(error).toMatchObject({ code: 'BAD_PAYLOAD', message: expect.stringMatching(message) });
    expect(place.names('incoming')).toEqual([]);
  });

  it('fire() takes an id and a clock', async () => {
    const { place, options } = here();
    const clock = { now: () => 0, monotonic: () => 0 };
    expect(await fire('complete', 1, { ...options, id: 'mine', clock })).toEqual({ id: 'mine', events: 1 });
    expect(place.only('incoming')).toContain('"time":"1970-01-01T00:00:00.000Z"');
    await expect(fire('complete', 2, { ...options, id: 'mine', clock })).rejects.toMatchObject({
      code: 'BAD_PAYLOAD',
    });
  });

  it('fireBatch() is one file, all or nothing', async () => {
    const { place, options } = here();
    const { id, events } = await fireBatch('complete', Buffer.from('1\n2\n3\n'), options);
    expect(events).toBe(3);
    expect(place.names('incoming')).toEqual([`${id}.jsonl`]);
    await expect(fireBatch('complete', Buffer.from('1\nx'), options)).rejects.toMatchObject({
      code: 'BAD_PAYLOAD',
      message: expect.stringContaining('line 2'),
    });
  });

  it('fire() uses process.env by default', async () => {
    const { place } = here();
    const before = process.env.CAPNHOOK_SPOOL;
    onTestFinished(() => {
      if (before === undefined) delete process.env.CAPNHOOK_SPOOL;
      else process.env.CAPNHOOK_SPOOL = before;
    });
    process.env.CAPNHOOK_SPOOL = place.spool;
    await fire('complete', 1);
    expect(place.names('incoming')).toHaveLength(1);
    expect(await flush()).toEqual({ events: 1, deliveries: 0, corrupt: [] });
    expect(await stop()).toEqual({ holder: undefined });
    expect(await init()).toEqual({ spool: place.spool });
  });
});

describe('the whole way', () => {
  it('register(), fire() and drain() bring the bytes to the receiver', async () => {
    const { place, options } = here();
    const { url, requests } = await receiver();
    expect(await register('order.*', `${url}/in?k=v`, options)).toEqual({ changed: true });
    expect(await register('order.*', `${url}/in?k=v`, options)).toEqual({ changed: false });
    const { id } = await fire('order.paid', Buffer.from('{"n": 1e400}'), options);
    await fireBatch('order.sent', Buffer.from('1\n2\n'), options);
    const notices: Notice[] = [];
    expect(await drain({ ...options, logger: (notice) => notices.push(notice) })).toMatchObject({
      delivered: 3,
      owed: 0,
    });
    expect(requests).toHaveLength(3);
    const first = requests.find(({ headers }) => headers['webhook-id'] === id)!;
    expect(first).toMatchObject({ path: '/in?k=v', method: 'POST' });
    expect(first.body.toString()).toBe('{"n": 1e400}');
    expect(first.headers['user-agent']).toMatch(/^capnhook\/\d/);
    expect(notices.filter(({ kind }) => kind === 'attempt')).toHaveLength(3);
    expect(
      readFileSync(
        join(place.spool, 'journal', `${new Date().toISOString().slice(0, 10)}.jsonl`),
        'utf8',
      ).split('\n'),
    ).toHaveLength(4);
  });

  it('targets() lists registrations, or who receives a hook', async () => {
    const { options } = here();
    await register('**', 'http://b.example/', options);
    await register('complete', 'http://a.example/', options);
    expect((await targets(undefined, options)).map(({ hook }) => hook)).toEqual(['**', 'complete']);
    const [found] = await targets('complete', options);
    expect(found!.endpoints.map(({ url }) => url)).toEqual([
      { value: 'http://b.example/' },
      { value: 'http://a.example/' },
    ]);
    await expect(targets('a.example/s3cret', options)).rejects.toThrow(
      /^Cannot tell the targets: what was given is not/,
    );
    await expect(register('a.example/s3cret', 'complete', options)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.not.stringContaining('s3cret'),
      hint: expect.stringContaining('The hook comes first'),
    });
    await expect(targets('a b', options)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(targets('https://a.example/s3cret', options)).rejects.toThrow(
      /^Cannot tell the targets: a URL is not/,
    );
  });

  it('deregister() by URL, by name, by id, and of what is not registered', async () => {
    const { place, options } = here();
    const text =
      'hooks:\n  x: [chat, "http://a.example/"] # ours\n  y: [chat]\nendpoints:\n  chat: {url: "http://chat.example/"}\n';
    place.hooks(text);
    expect(await deregister('http://other.example/', options)).toEqual({
      removedFrom: [],
      moved: 0,
      queued: 0,
    });
    expect(place.readHooks()).toBe(text);
    expect(await deregister('chat', { ...options, hook: 'y' })).toEqual({
      removedFrom: ['y'],
      moved: 0,
      queued: 0,
    });
    expect(await deregister('http://chat.example', options)).toEqual({
      removedFrom: ['x'],
      moved: 0,
      queued: 0,
    });
    const [x] = await targets('x', options);
    expect(await deregister(x!.endpoints[0]!.id, options)).toEqual({
      removedFrom: ['x'],
      moved: 0,
      queued: 0,
    });
    await expect(deregister('http://a.example/#x', options)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(deregister('chat', { ...options, hook: '' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('flush() drops the events of one hook, queued or not', async () => {
    const { place, options } = here();
    const { url } = await receiver(() => ({ status: 503 }));
    place.hooks(`hooks: {a: ["${url}"], b: ["${url}"]}\n`);
    for (const hook of ['a', 'b']) await fire(hook, 1, options);
    await drain(options);
    for (const hook of ['a', 'b']) await fire(hook, 2, options);
    expect(await flush({ ...options, hook: 'a' })).toEqual({ events: 1, deliveries: 1, corrupt: [] });
    await expect(flush({ ...options, hook: 'aa' })).rejects.toMatchObject({ code: 'NO_INPUT' });
    expect(await flush(options)).toEqual({ events: 1, deliveries: 1, corrupt: [] });
    await expect(flush({ ...options, hook: 'a.*' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each([
    ['flush()', flush],
    ['flushable()', flushable],
    ['retryUnclaimed()', retryUnclaimed],
  ])('%s refuses a bad hook name before it looks for the spool', async (_, call) => {
    const spool = join(tempDir(), 'missing');
    await expect(call({ spool, hook: 'a*' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('flush() journals and tells what it has put aside', async () => {
    const { place, options } = here();
    await init(options);
    writeFileSync(join(place.spool, 'queue/stray.json'), '{}');
    const reason = 'it stood at queue/stray.json, and is no directory';
    expect(await flush(options)).toMatchObject({ corrupt: [{ name: 'stray.json', reason }] });
    const [journal] = readdirSync(join(place.spool, 'journal'));
    expect(readFileSync(join(place.spool, 'journal', journal!), 'utf8')).toContain(JSON.stringify(reason));
  });

  it('init() makes anew what is missing of a spool', async () => {
    const { place, options } = here();
    await init(options);
    for (const room of ['incoming', 'dead']) rmSync(join(place.spool, room), { recursive: true });
    await expect(fire('a', 1, options)).rejects.toMatchObject({
      code: 'SPOOL_WRITE',
      hint: expect.stringContaining('capnhook init'),
    });
    await init(options);
    await fire('a', 1, options);
    expect(readdirSync(place.spool)).toContain('dead');
  });

  it('deregister() and flush() count of a batch what is still owed', async () => {
    const { place, options } = here();
    const { url } = await receiver(({ headers }) => ({
      status: /_[12]$/.test(String(headers['webhook-id'])) ? 204 : 503,
    }));
    place.hooks(`hooks: {a: ["${url}"]}\ndefaults: {concurrency: 1}\n`);
    await fireBatch('a', Buffer.from('1\n2\n3\n4\n5\n'), options);
    expect(await drain(options)).toMatchObject({ delivered: 2, owed: 3 });
    expect(await deregister(url, options)).toEqual({ removedFrom: ['a'], moved: 3, queued: 0 });
    expect(await flush(options)).toEqual({ events: 0, deliveries: 0, corrupt: [] });
    expect(await drain(options)).toMatchObject({ delivered: 0, owed: 0 });
  });

  it('drain() with waitMs, and with stop and abort', async () => {
    const { place, options } = here();
    let nth = 0;
    const { url } = await receiver(() => ({ status: ++nth < 3 ? 500 : 200 }));
    place.hooks(`hooks: {a: ["${url}"]}\ndefaults: {retry: {schedule: [10ms], jitter: 0}}\n`);
    await fire('a', 1, options);
    expect(await drain({ ...options, waitMs: 20_000 })).toMatchObject({ delivered: 1, failed: 2 });
    await fire('a', 1, options);
    const stopped = AbortSignal.abort();
    expect(await drain({ ...options, daemon: true, stop: stopped, abort: stopped })).toMatchObject({
      delivered: 0,
      waiting: 1,
    });
  });

  it('drain() frees the spool when onReady throws', async () => {
    const { place, options } = here();
    place.hooks('hooks: {}\n');
    const onReady = () => {
      throw new Error('no');
    };
    await expect(drain({ ...options, onReady })).rejects.toThrow('no');
    expect(await drain(options)).toMatchObject({ delivered: 0 });
  });

  it('drain() goes on when the journal cannot be written, and tells once', async () => {
    const { place, options } = here();
    const { url } = await receiver();
    place.hooks(`hooks: {a: ["${url}"]}\n`);
    await fire('a', 1, options);
    mkdirSync(join(place.spool, 'journal', `${new Date().toISOString().slice(0, 10)}.jsonl`), {
      recursive: true,
    });
    const notices: Notice[] = [];
    expect(await drain({ ...options, logger: (notice) => notices.push(notice) })).toMatchObject({
      delivered: 1,
    });
    expect(notices.filter(({ kind }) => kind === 'journal-failed')).toHaveLength(1);
  });

  it('drain() wakes at once when it is told to reload', async () => {
    const { place, options } = here();
    place.hooks('hooks: {}\n');
    const end = new AbortController();
    const notices: string[] = [];
    let reload = () => {};
    const drained = drain({
      ...options,
      daemon: true,
      stop: end.signal,
      rescanMs: 3_600_000,
      logger: ({ kind }) => notices.push(kind),
      onReady: (control) => (reload = control.reload),
    });
    await until('it is ready', () => existsSync(join(place.spool, 'lock')));
    await sleep(100);
    reload();
    await until('it has read', () => notices.includes('hooks-reloaded'));
    end.abort();
    await drained;
  });

  it('drain() keeps what was queued for a URL that the hooks file gives a name', async () => {
    const { place, options } = here();
    let status = 503;
    const { url, requests } = await receiver(() => ({ status }));
    const retry = 'defaults: {retry: {schedule: [1ms], jitter: 0}}\n';
    place.hooks(`hooks: {a: ["${url}"]}\n${retry}`);
    await fire('a', 1, options);
    expect(await drain(options)).toMatchObject({ owed: 1 });
    status = 204;
    place.hooks(`hooks: {a: [chat]}\nendpoints: {chat: "${url}"}\n${retry}`);
    await sleep(5);
    expect(await drain(options)).toMatchObject({ delivered: 1, owed: 0, gaveUp: 0 });
    expect(requests).toHaveLength(2);
  });

  it('drain() reads secrets anew when the hooks file is reloaded', async () => {
    const { place, options } = here();
    const { url, waitFor, requests } = await receiver();
    const file = place.file('secret', 'one');
    place.hooks(`hooks: {a: [{url: "${url}", headers: {x-key: {file: ${file}}}}]}\n`);
    const end = new AbortController();
    let reload = () => {};
    const drained = drain({
      ...options,
      daemon: true,
      stop: end.signal,
      rescanMs: 10,
      onReady: (control) => (reload = control.reload),
    });
    await fire('a', 1, options);
    await waitFor(1);
    writeFileSync(file, 'two');
    reload();
    await fire('a', 2, options);
    await waitFor(2);
    end.abort();
    await drained;
    expect(requests.map(({ headers }) => headers['x-key'])).toEqual(['one', 'two']);
  });
});

describe('openHooks()', () => {
  /** A clock by which every file was written a minute ago. */
  const later: Clock = { now: () => Date.now() + 60_000, monotonic: systemClock.monotonic };

  const one = 'hooks: {a: [http://a.example/]}\n';
  const other = 'hooks: {b: [http://a.example/]}\n';

  /** A file that was written long ago, opened by a clock that is set. */
  async function opened() {
    const { place } = here();
    place.hooks(one);
    let passed = 0;
    const clock = { now: () => Date.now() + passed, monotonic: () => passed };
    const hooks = await openHooks(place.config, { clock });
    return {
      place,
      /** Writes the file in place, at the time that the clock shows. */
      write(text: string) {
        place.hooksInPlace(text);
        utimesSync(place.config, clock.now() / 1000, clock.now() / 1000);
      },
      pass: (ms: number) => (passed += ms),
      look: async () => (await hooks.refresh()).kind,
      hook: () => hooks.current().registrations[0]?.pattern,
    };
  }

  it('refresh() takes a file that is written in place when it has not been written to for a second', async () => {
    const { write, pass, look, hook } = await opened();
    write('');
    expect(await look()).toBe('unsettled');
    pass(500);
    write(other);
    expect([await look(), hook()]).toEqual(['unsettled', 'a']);
    pass(600);
    write(`${other}# more`);
    expect([await look(), hook()]).toEqual(['unsettled', 'a']);
    pass(1_001);
    expect([await look(), hook()]).toEqual(['reloaded', 'b']);
    expect(await look()).toBe('same');
  });

  it('refresh() takes a file that looks the same for a second, whatever the wall clock says', async () => {
    const { place } = here();
    place.hooks(one);
    let passed = 0;
    const hooks = await openHooks(place.config, { clock: { now: Date.now, monotonic: () => passed } });
    const write = () => place.hooksInPlace(other);
    write();
    const stuck = vi.spyOn(Date, 'now').mockReturnValue(Date.now());
    onTestFinished(() => void stuck.mockRestore());
    expect((await hooks.refresh()).kind).toBe('unsettled');
    passed = 999;
    expect((await hooks.refresh()).kind).toBe('unsettled');
    passed = 1_000;
    expect((await hooks.refresh()).kind).toBe('reloaded');
  });

  it('refresh() takes a file that was renamed into its place at once', async () => {
    const { place, look, hook } = await opened();
    const next = place.file('next', other);
    await sleep(10); // the times that the kernel writes down are some milliseconds apart
    renameSync(next, place.config);
    expect([await look(), hook()]).toEqual(['reloaded', 'b']);
  });

  it('refresh() waits for a new file that is written in place, as after rm', async () => {
    const { place, pass, look, hook } = await opened();
    rmSync(place.config);
    expect(await look()).toBe('broken');
    place.hooksInPlace(other);
    expect([await look(), hook()]).toEqual(['unsettled', 'a']);
    pass(1_001);
    expect([await look(), hook()]).toEqual(['reloaded', 'b']);
  });

  it('refresh() takes a file with a time far in the future', async () => {
    const { place, look } = await opened();
    place.hooks(other);
    utimesSync(place.config, 4e9, 4e9);
    expect(await look()).toBe('reloaded');
  });

  it('openHooks() waits for a file that is being written', async () => {
    const { place } = here();
    place.hooksInPlace(one);
    let passed = 0;
    const monotonic = () => {
      passed += 400;
      if (passed === 2_000) place.hooksInPlace(other);
      return passed;
    };
    const now = () => statSync(place.config).mtimeMs;
    const hooks = await openHooks(place.config, { clock: { now, monotonic } });
    expect(hooks.current().registrations[0]?.pattern).toBe('b');
  });

  it('openHooks() gives up waiting for a file that is written on and on', async () => {
    const { place } = here();
    let passed = 0;
    const monotonic = () => {
      passed += 900;
      place.hooksInPlace(`${one}# ${passed}`);
      return passed;
    };
    const now = () => statSync(place.config).mtimeMs;
    await expect(openHooks(place.config, { clock: { now, monotonic } })).rejects.toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringContaining('another program keeps writing to it'),
    });
  });

  it('openHooks() does not wait for it when it is to stop', async () => {
    const { place } = here();
    place.hooksInPlace(one);
    const clock = { now: () => statSync(place.config).mtimeMs, monotonic: () => 0 };
    const hooks = await openHooks(place.config, { clock, stop: AbortSignal.timeout(150) });
    expect(hooks.current().registrations[0]?.pattern).toBe('a');
  });

  it('openHooks() reads a file anew that was written to while it was read', async () => {
    const { place } = here();
    place.hooks(one);
    utimesSync(place.config, 4e9, 4e9);
    let isFirst = true;
    function now() {
      if (!isFirst) return Date.now();
      isFirst = false;
      place.hooksInPlace('hooks: ['); // after the file was looked at, and before it is read
      setTimeout(() => place.hooksInPlace(other), 300);
      return Date.now();
    }
    const hooks = await openHooks(place.config, { clock: { now, monotonic: systemClock.monotonic } });
    expect(hooks.current().registrations[0]?.pattern).toBe('b');
  });

  it('openHooks() does not wait for a file that is older than a second', async () => {
    const { place } = here();
    place.hooks(one);
    const started = performance.now();
    await openHooks(place.config);
    expect(performance.now() - started).toBeLessThan(90);
  });

  it.each([
    ['', 'is empty'],
    ['# nobody\n', 'is empty'],
    ['---\n', 'is empty'],
    ['null', 'is empty'],
    ['{}', "nothing under 'hooks'"],
    ['hooks:\n', "nothing under 'hooks'"],
    ['endpoints: {a: https://a.example}\n', "nothing under 'hooks'"],
    ['defaults: {timeout: 1s}\n', "nothing under 'hooks'"],
  ])('openHooks() refuses a file without hooks, and register() adds to it: %j', async (text, why) => {
    const { place } = here();
    place.hooks(text);
    await expect(openHooks(place.config, { clock: later })).rejects.toMatchObject({
      code: 'HOOKS_FILE',
      message: expect.stringContaining(why),
      hint: 'Write `hooks: {}` if no event should have a receiver.',
    });
    await register('b', 'http://b.example/', { config: place.config });
    await openHooks(place.config, { clock: later });
  });

  it('register() followed by fire() is honoured by a daemon at once', async () => {
    const { place, options } = here();
    const { url, waitFor } = await receiver();
    place.hooks('hooks: {}\n');
    const end = new AbortController();
    const drained = drain({ ...options, daemon: true, stop: end.signal });
    await register('a', url, options);
    await fire('a', 1, options);
    await waitFor(1);
    end.abort();
    expect(await drained).toMatchObject({ delivered: 1, unclaimed: 0 });
  });

  it('openHooks() rejects while the file is missing or broken', async () => {
    const { place } = here();
    await expect(openHooks(place.config)).rejects.toMatchObject({ code: 'HOOKS_FILE' });
    place.hooks('hooks: [');
    await expect(openHooks(place.config)).rejects.toMatchObject({ code: 'HOOKS_FILE' });
  });

  it('refresh() tells of a change once, and of a broken file once', async () => {
    const { place } = here();
    place.hooks('hooks: {a: [http://a.example/]}\n');
    let reloads = 0;
    const hooks = await openHooks(place.config, {
      clock: later,
      onReload() {
        reloads += 1;
      },
    });
    const kinds = async () => [(await hooks.refresh()).kind, (await hooks.refresh()).kind];
    expect(await kinds()).toEqual(['same', 'same']);
    place.hooks('hooks: {b: [http://a.example/]}\n');
    expect(await kinds()).toEqual(['reloaded', 'same']);
    expect(hooks.current().registrations[0]!.pattern).toBe('b');
    for (const broken of [
      () => place.hooks('hooks: ['),
      () => chmodSync(place.config, 0o600),
      () => place.hooks('x: 1'),
    ]) {
      broken();
      expect((await hooks.refresh()).kind).toBe('broken');
    }
    expect(await kinds()).toEqual(['same', 'same']);
    expect(hooks.current().registrations[0]!.pattern).toBe('b');
    hooks.invalidate();
    expect(await kinds()).toEqual(['broken', 'same']);
    place.hooks('# nobody');
    expect(await kinds()).toEqual(['broken', 'same']);
    place.hooks('hooks: {}');
    expect(await kinds()).toEqual(['reloaded', 'same']);
    hooks.invalidate();
    expect(await kinds()).toEqual(['reloaded', 'same']);
    expect(reloads).toBe(4); // when it is asked for secrets are read anew, however broken the file is
  });

  it('refresh() of a file that went away, or that cannot be reached, is broken once', async () => {
    const { place } = here();
    const hooksFile = place.file('d/hooks.yaml', 'hooks: {}');
    const hooks = await openHooks(hooksFile);
    const { symlinkSync } = await import('node:fs');
    rmSync(hooksFile);
    expect([(await hooks.refresh()).kind, (await hooks.refresh()).kind]).toEqual(['broken', 'same']);
    symlinkSync(hooksFile, hooksFile);
    expect([(await hooks.refresh()).kind, (await hooks.refresh()).kind]).toEqual(['broken', 'same']);
  });
});

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
      message: expect.stringMatching(/ended at once:\ncapnhook: Cannot use the hooks file/),
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

describe('the package', () => {
  it('loads from CommonJS and as an ES module, with the same classes', () => {
    const script = `
      const required = require('./dist/index.cjs');
      import('./dist/index.mjs').then((imported) => {
        const names = Object.keys(imported);
        console.log(JSON.stringify({ names, same: names.every((name) => imported[name] === required[name]) }));
      });`;
    const said = JSON.parse(execFileSync(node, ['-e', script], { cwd: repository, encoding: 'utf8' }));
    const names = [
      'CapnhookError',
      'deregister',
      'drain',
      'drop',
      'fire',
      'fireBatch',
      'flush',
      'flushable',
      'init',
      'pause',
      'register',
      'resume',
      'retry',
      'retryUnclaimed',
      'start',
      'stop',
      'targets',
    ];
    expect(said).toEqual({ names, same: true });
  });
});
