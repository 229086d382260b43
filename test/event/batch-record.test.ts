import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxHeaderBytes } from '../../src/event/header.js';
import { batchSize, batchToChunks, parseBatch } from '../../src/event/record.js';
import { batchToBytes } from '../support/builders.js';
import { anyHeader } from './any-header.js';
import { jsonText } from './json-texts.js';

const id = 'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ';
const time = '2026-11-23T12:00:00.000Z';

describe('batchToChunks() and parseBatch()', () => {
  test('batchToChunks() writes a header line and then a payload a line', () => {
    const payloads = [Buffer.from('{"a":1}'), Buffer.from('2.0')];
    expect(Buffer.concat([...batchToChunks({ id, hook: 'a', time, payloads }, 1_000)]).toString()).toBe(
      `{"capnhook":1,"id":"${id}","hook":"a","time":"${time}","events":2}\n{"a":1}\n2.0\n`,
    );
  });

  test('batchToChunks() writes the same in pieces of at most that size, or one line each', () => {
    const anyPayloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(anyPayloads, fc.integer({ min: 1, max: 1_000 }), (payloads, chunkBytes) => {
        const batch = { id, hook: 'a', time, payloads };
        const longest = Math.max(chunkBytes, 400, batchSize({ ...batch, payloads: [] }));
        const chunks = Array.from(batchToChunks(batch, chunkBytes), (chunk) => Buffer.from(chunk));
        expect(Buffer.concat(chunks).equals(batchToBytes(batch))).toBe(true);
        expect(batchSize(batch)).toBe(batchToBytes(batch).length);
        for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(longest);
      }),
    );
  });

  test('parseBatch() takes a batch only if it has as many events as its header says, where that says it', () => {
    const batch = (events: string): string => `{"hook":"a"${events}}\n1\n2\n`;
    const reason = (events: string): unknown => {
      const parsed = parseBatch(Buffer.from(batch(events)));
      return parsed.ok ? parsed.payloads.length : parsed.reason;
    };
    expect(reason('')).toBe(2);
    expect(reason(',"events":2')).toBe(2);
    expect(reason(',"events":3')).toBe('its header says that it has 3 events, and it has 2');
    expect(reason(',"events":1')).toBe('its header says that it has 1 events, and it has 2');
    for (const value of ['"2"', '0', '-1', '2.0', '20000000'])
      expect(reason(`,"events":${value}`)).toBe('line 1: the member "events" is not a number of events');
    expect(reason(',"events":2,"events":2')).toBe('line 1: the member "events" appears twice');
  });
  test('parseBatch() reads what a batch is laid out as', () => {
    const line = jsonText.filter((text) => !text.includes('\n')).map((text) => Buffer.from(text));
    fc.assert(
      fc.property(anyHeader, fc.array(line, { minLength: 1, maxLength: 6 }), (head, payloads) => {
        const chunks = Array.from(batchToChunks({ ...head, payloads }, 64), (chunk) => Buffer.from(chunk));
        expect(parseBatch(Buffer.concat(chunks))).toEqual({
          ...{ ok: true, ...head, payloads },
          events: payloads.length,
        });
      }),
    );
  });

  test('parseBatch() reads what a shell wrote', () => {
    const parsed = parseBatch(Buffer.from(' {"hook" : "a"}\r\n\r\n{"a": 1}\r\n 2\n \r'));
    expect(parsed).toEqual({ ok: true, hook: 'a', payloads: [Buffer.from('{"a": 1}'), Buffer.from('2')] });
  });

  test.each([
    ['', 'line 1: no JSON text: it is empty'],
    ['\n1', 'line 1: no JSON text: it is empty'],
    ['{\n"hook":"a"}\n1', 'line 1: an unexpected end at column 2'],
    ['[]\n1', 'line 1: not a JSON object'],
    ['{}\n1', 'line 1: neither "hook" nor "to" in it'],
    ['{"hook":"a","payload":1}\n1', 'line 1: a "payload" in the header of a batch'],
    ['{"capnhook":3}\n1', 'line 1: a newer capnhook wrote it (format 3; this one reads format 1)'],
    ['{"hook":"a"}', 'line 2: no payload in it'],
    ['{"hook":"a"}\n', 'line 2: no payload in it'],
    ['{"hook":"a"}\n1\n\n{"a"', 'line 4: an unexpected end at column 5'],
    ['{"hook":"a"}\n1\n12', 'line 3: it does not end in a line feed, and may be half written'],
    [`{"hook":"a","id":"${'x'.repeat(127)}"}\n1\n`, 'line 1: the id is too long for the ids of the events'],
  ])('parseBatch() refuses %j and names the line', (text, reason) => {
    expect(parseBatch(Buffer.from(text))).toEqual({ ok: false, reason });
  });

  test.each(['{"n":1}', '[1]', '"x"', 'true', 'null', '12 ', '12\r'])(
    'parseBatch() takes a last line without an end that cannot be half of another payload: %j',
    (line) => {
      const parsed = parseBatch(Buffer.from(`{"hook":"a"}\n1\n${line}`));
      expect(parsed.ok && parsed.payloads.map(String)).toEqual(['1', line.trim()]);
    },
  );

  test('parseBatch() takes an id that leaves room for the numbers', () => {
    expect(parseBatch(Buffer.from(`{"hook":"a","id":"${'x'.repeat(126)}"}\n1\n`)).ok).toBe(true);
  });

  test('parseBatch() refuses an oversized header', () => {
    expect(parseBatch(Buffer.alloc(maxHeaderBytes + 1, ' '))).toEqual({
      ok: false,
      reason: 'line 1: the header is larger than 1 MiB',
    });
  });
});
