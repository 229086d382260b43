import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNames, type Names, nameServiceDown } from '../../../src/delivery/connect/names.js';
import { lookupError } from '../../../src/delivery/connect/system-lookup.js';

interface Asked {
  name: string;
  isCancelled: boolean;
  answer(...addresses: string[]): void;
  fail(code: string): void;
}

const never: AbortSignal = new AbortController().signal;
const patient = { timeoutMs: 60_000, signal: never };
const hurried = { timeoutMs: 30, signal: never };

/** Names whose look-ups the test answers, at a time that the test sets. */
function newNames({ maxLookups = 4, known = {} as Record<string, string[]> } = {}) {
  const asked: Asked[] = [];
  const clock = { now: 1_000_000 };
  const names: Names = createNames({
    maxLookups,
    known: (name) => known[name] ?? [],
    now: () => clock.now,
    start(name) {
      let resolve!: (addresses: readonly string[]) => void;
      let reject!: (error: Error) => void;
      const promise = new Promise<readonly string[]>((...both) => {
        [resolve, reject] = both;
      });
      const each: Asked = {
        name,
        isCancelled: false,
        answer: (...addresses) => resolve(addresses),
        fail: (code) => reject(lookupError(code)),
      };
      asked.push(each);
      const cancel = () => {
        each.isCancelled = true;
        each.fail('EAI_AGAIN');
      };
      return { addresses: promise, cancel };
    },
  });
  onTestFinished(() => names.close());
  return { names, asked, clock, askedFor: () => asked.map(({ name }) => name) };
}

describe('createNames()', () => {
  test('addressesOf() shares one look-up a host, and takes its answer for ten seconds', async () => {
    const { names, asked, clock } = newNames();
    const both = Promise.all([names.addressesOf('a', patient), names.addressesOf('a', patient)]);
    await setImmediate();
    expect(asked).toHaveLength(1);
    asked[0]!.answer('192.0.2.1');
    expect(await both).toEqual([['192.0.2.1'], ['192.0.2.1']]);
    clock.now += 9_000;
    expect(await names.addressesOf('a', patient)).toEqual(['192.0.2.1']);
    expect(asked).toHaveLength(1);
    clock.now += 2_000;
    const again = names.addressesOf('a', patient);
    await setImmediate();
    asked[1]!.answer('192.0.2.2');
    expect(await again).toEqual(['192.0.2.2']);
  });

  test('addressesOf() has the last good answer where a new one is slow, and takes the new one when it comes', async () => {
    const { names, asked, clock } = newNames();
    const first = names.addressesOf('a', patient);
    await setImmediate();
    asked[0]!.answer('192.0.2.1');
    await first;
    clock.now += 60_000;
    expect(await names.addressesOf('a', patient)).toEqual(['192.0.2.1']);
    expect(asked).toHaveLength(2);
    asked[1]!.answer('192.0.2.2');
    await setImmediate();
    expect(await names.addressesOf('a', patient)).toEqual(['192.0.2.2']);
  });

  test('addressesOf() has the last good answer where the name service fails, and not where the name is gone', async () => {
    const { names, asked, clock } = newNames();
    const first = names.addressesOf('a', patient);
    await setImmediate();
    asked[0]!.answer('192.0.2.1');
    await first;
    for (const [at, code] of [['1', 'EAI_AGAIN'] as const, ['2', 'ENOTFOUND'] as const]) {
      clock.now += 60_000;
      const answer = names.addressesOf('a', patient).catch((error: { code: string }) => error.code);
      await setImmediate();
      asked[Number(at)]!.fail(code);
      expect(await answer).toEqual(code === 'ENOTFOUND' ? 'ENOTFOUND' : ['192.0.2.1']);
    }
  });

  test('addressesOf() needs no look-up for a name of the hosts file, however many hang', async () => {
    const { names } = newNames({ maxLookups: 1, known: { healthy: ['127.0.0.1'] } });
    const hanging = ['a', 'b', 'c'].map((name) => names.addressesOf(name, hurried).catch(() => {}));
    expect(await names.addressesOf('healthy', patient)).toEqual(['127.0.0.1']);
    await Promise.all(hanging);
  });

  test('addressesOf() lets a name in turn when those that hang have had seven seconds, and hanging ones last', async () => {
    const { names, asked, clock, askedFor } = newNames({ maxLookups: 2 });
    const ends = ['a', 'b', 'c'].map((name) => names.addressesOf(name, hurried).catch(() => {}));
    await setImmediate();
    expect(askedFor()).toEqual(['a', 'b']);
    clock.now += 8_000;
    const healthy = names.addressesOf('healthy', patient);
    await Promise.all(ends);
    await setImmediate();
    expect(askedFor()).toEqual(['a', 'b', 'c', 'healthy']);
    expect(asked.slice(0, 2).every(({ isCancelled }) => isCancelled)).toBe(true);
    asked[3]!.answer('192.0.2.1');
    expect(await healthy).toEqual(['192.0.2.1']);
  });

  test('addressesOf() says of one silent name that it could not be looked up', async () => {
    const { names } = newNames();
    await expect(names.addressesOf('a', hurried)).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });

  test('addressesOf() says that the name service is silent where no name gets an answer', async () => {
    const { names } = newNames();
    const ends = ['a', 'b'].map((name) => names.addressesOf(name, hurried).catch((error) => error.code));
    expect(await Promise.all(ends)).toEqual([nameServiceDown, nameServiceDown]);
  });

  test('addressesOf() blames no name service that answers others', async () => {
    const { names, asked, clock } = newNames();
    const ends = ['a', 'b'].map((name) => names.addressesOf(name, hurried).catch((error) => error.code));
    clock.now += 1;
    const other = names.addressesOf('c', patient);
    await setImmediate();
    asked[2]!.answer('192.0.2.1');
    await other;
    expect(await Promise.all(ends)).toEqual(['EAI_AGAIN', 'EAI_AGAIN']);
  });

  test('addressesOf() ends with its signal, and close() ends every look-up', async () => {
    const { names, asked } = newNames();
    const cut = new AbortController();
    const answer = names.addressesOf('a', { timeoutMs: 60_000, signal: cut.signal });
    await setImmediate();
    cut.abort(new Error('over'));
    await expect(answer).rejects.toThrow('over');
    names.close();
    expect(asked[0]!.isCancelled).toBe(true);
  });
});
