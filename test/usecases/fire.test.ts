import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch, Event } from '../../src/event/event.js';
import { isEventId, timeOfId } from '../../src/event/event-id.js';
import { type Firing, fireEvent } from '../../src/usecases/fire.js';

const now = Date.parse('2026-11-23T12:00:00.000Z');
const payload = Buffer.from('{"id":1}');

function firing({ now: read = () => now } = {}) {
  const accepted: Array<{ entry: Event | Batch; chosenId: boolean | undefined }> = [];
  const ports = {
    inbox: {
      async enqueue(entry: Event | Batch, options?: { chosenId?: boolean }) {
        accepted.push({ entry, chosenId: options?.chosenId });
      },
    },
    clock: { now: read },
    random: (bytes: number) => new Uint8Array(bytes).fill(7),
  };
  return { accepted, fire: (what: Firing) => fireEvent(ports, what) };
}

describe('fireEvent()', () => {
  it('fireEvent() gives the event an id of its time, and the time', async () => {
    const { accepted, fire } = firing();
    const fired = await fire({ hook: 'complete', payload });
    expect(fired).toEqual({ id: expect.stringMatching(/^evt_[0-9A-Z]{26}$/), events: 1 });
    expect(accepted).toEqual([
      {
        entry: { id: fired.id, hook: 'complete', time: '2026-11-23T12:00:00.000Z', payload },
        chosenId: false,
      },
    ]);
  });

  it('fireEvent() takes an id, and says that it was chosen', async () => {
    const { accepted, fire } = firing();
    expect(await fire({ hook: 'complete', id: 'order-7', payload })).toEqual({ id: 'order-7', events: 1 });
    expect(accepted[0]).toMatchObject({ entry: { id: 'order-7' }, chosenId: true });
  });

  it('fireEvent() normalises URLs, and keeps a hook beside them', async () => {
    const { accepted, fire } = firing();
    await fire({ hook: 'complete', to: ['HTTPS://A.example', 'http://b.example:80/x?y'], payload });
    expect(accepted[0]!.entry).toMatchObject({
      hook: 'complete',
      to: ['https://a.example/', 'http://b.example/x?y'],
    });
  });

  it('fireEvent() leaves the white space around a payload away, and nothing else', async () => {
    const { accepted, fire } = firing();
    await fire({ hook: 'h', payload: Buffer.from(' {"a": 1.0,\n "a":-0}\n') });
    expect(Buffer.from((accepted[0]!.entry as Event).payload).toString()).toBe('{"a": 1.0,\n "a":-0}');
  });

  it('fireEvent() takes a clock that was never set for 1970', async () => {
    const { accepted, fire } = firing({ now: () => -5 });
    await fire({ hook: 'h', payload });
    expect(accepted[0]!.entry.time).toBe('1970-01-01T00:00:00.000Z');
    expect(timeOfId(accepted[0]!.entry.id)).toBe(0);
  });

  it('fireEvent() accepts a batch as one entry', async () => {
    const { accepted, fire } = firing();
    const fired = await fire({ hook: 'h', payload: Buffer.from('1\n\n"two"\r\n{}'), batch: true });
    expect(fired.events).toBe(3);
    expect(accepted).toHaveLength(1);
    const { payloads } = accepted[0]!.entry as Batch;
    expect(payloads.map((each) => Buffer.from(each).toString())).toEqual(['1', '"two"', '{}']);
  });

  it.each<[string, Firing, RegExp]>([
    ['neither hook nor URL', { payload }, /no hook and no URL/],
    ['an empty list of URLs', { to: [], payload }, /the list of URLs is empty/],
    ['an empty list of URLs beside a hook', { hook: 'h', to: [], payload }, /the list of URLs is empty/],
    ['an empty name', { hook: '', payload }, /"" is not a hook's name/],
    ['a path', { hook: '../etc', payload }, /what was given is not a hook's name/],
    [
      'a URL without its scheme',
      { hook: 'hooks.example/s3cret', payload },
      /^Cannot fire: what was given is not/,
    ],
    ['half a URL', { hook: 'https:s3cret', payload }, /^Cannot fire: what was given is not/],
    ['a name with two dots', { hook: 'a..b', payload }, /not a hook's name/],
    ['a long name', { hook: 'x'.repeat(129), payload }, /not a hook's name/],
    ['an ftp URL', { to: ['ftp://a.example/secret'], payload }, /does not begin with https/],
    ['a URL without a host', { to: ['http:///secret'], payload }, /has no host/],
    ['a URL with a fragment', { to: ['http://a.example/#secret'], payload }, /fragment/],
    ['a bad id', { hook: 'h', id: 'a/b', payload }, /the id is not valid/],
    ['a long id', { hook: 'h', id: 'x'.repeat(129), payload }, /the id is not valid/],
    [
      'a batch whose last id would be too long',
      { hook: 'h', id: 'x'.repeat(127), payload: Buffer.from('1\n2'), batch: true },
      /the id is not valid/,
    ],
  ])('fireEvent() refuses %s as USAGE, and accepts nothing', async (_, what, message) => {
    const { accepted, fire } = firing();
    await expect(fire(what)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message),
    });
    expect(accepted).toEqual([]);
  });

  it('fireEvent() repeats no URL in its errors', async () => {
    const { fire } = firing();
    for (const what of [
      { hook: 'https://a.example/s3cret' },
      { to: ['https://a.example/s3cret#x'] },
      { to: ['s3cret'] },
    ]) {
      const error: unknown = await fire({ ...what, payload }).catch((caught: unknown) => caught);
      expect(JSON.stringify([String(error), error])).not.toContain('s3cret');
    }
  });

  it.each(['', '{', '{} {}', "{'a':1}", 'NaN', '\uFEFF{}', '\xff'])(
    'fireEvent() refuses the payload %j as BAD_PAYLOAD with a hint',
    async (text) => {
      const { accepted, fire } = firing();
      const bytes = text === '\xff' ? Uint8Array.of(0xff) : Buffer.from(text);
      await expect(fire({ hook: 'h', payload: bytes })).rejects.toMatchObject({
        code: 'BAD_PAYLOAD',
        hint: expect.any(String),
      });
      expect(accepted).toEqual([]);
    },
  );

  it('fireEvent() names the bad line of a batch, and accepts nothing of it', async () => {
    const { accepted, fire } = firing();
    await expect(fire({ hook: 'h', payload: Buffer.from('1\n2\n{\n4'), batch: true })).rejects.toMatchObject({
      code: 'BAD_PAYLOAD',
      message: expect.stringMatching(/line 3.*nothing was queued/),
    });
    expect(accepted).toEqual([]);
  });

  it('fireEvent() either rejects, or hands over a good id and what was given', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.string(), { nil: undefined }),
        fc.option(fc.string(), { nil: undefined }),
        fc.jsonValue(),
        async (hook, id, value) => {
          const { accepted, fire } = firing();
          const text = JSON.stringify(value);
          const fired = await fire({ hook, id, payload: Buffer.from(text) }).catch((error: unknown) => error);
          if (fired instanceof Error) {
            expect(fired).toMatchObject({ code: 'USAGE' });
            expect(accepted).toEqual([]);
          } else {
            const entry = accepted[0]!.entry as Event;
            expect(isEventId(entry.id)).toBe(true);
            expect(Buffer.from(entry.payload).toString()).toBe(text);
          }
        },
      ),
    );
  });
});
