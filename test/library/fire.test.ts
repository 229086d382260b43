import { describe, expect, it, onTestFinished } from 'vitest';
import { CapnhookError, fire, fireBatch, flush, init, stop, type Target } from '../../src/index.js';
import { here } from '../support/library-kit.js';

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
    expect(await flush()).toMatchObject({ count: 1, states: { incoming: 1 } });
    expect(await stop()).toEqual({ holder: undefined });
    expect(await init()).toEqual({ spool: place.spool });
  });
});
