import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { drain, fire, fireBatch, type Notice, register } from '../../../src/index.js';
import { here } from '../../support/library-kit.js';
import { receiver } from '../../support/receiver.js';
import { until } from '../../support/world.js';

describe('drain()', () => {
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

  it('drain() keeps what was delivered to endpoints that ask for it, and only that', async () => {
    const { place, options } = here();
    const { url } = await receiver();
    place.hooks(
      `hooks: {a: [chat, other]}\nendpoints:\n  chat: {url: "${url}/1", sent: {keep: 1d}}\n  other: "${url}/2"\n`,
    );
    const { id } = await fire('a', Buffer.from('1.0'), options);
    await fireBatch('a', Buffer.from('2\n3\n'), options);
    expect(await drain(options)).toMatchObject({ delivered: 6, owed: 0 });
    const today = new Date().toISOString().slice(0, 10);
    expect(readdirSync(join(place.spool, 'sent', today))).toEqual(['chat']);
    const kept = readdirSync(join(place.spool, 'sent', today, 'chat'));
    expect(kept).toHaveLength(3);
    const text = readFileSync(join(place.spool, 'sent', today, 'chat', `${id}.json`), 'utf8');
    expect(text).toContain('"payload":1.0\n');
    mkdirSync(join(place.spool, 'sent/2020-01-01/chat'), { recursive: true });
    writeFileSync(join(place.spool, 'sent/2020-01-01/chat/evt_1.json'), '{}');
    expect(await drain(options)).toMatchObject({ delivered: 0 });
    expect(readdirSync(join(place.spool, 'sent')).sort()).toEqual([today, 'sizes.json']);
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
});
