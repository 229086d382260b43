import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.js';
import { maxHeaderBytes } from '../../src/event/header.js';
import { maxPayloadBytes } from '../../src/event/payload.js';
import { eventToBytes, parseEvent } from '../../src/event/record.js';
import { CapnhookError } from '../../src/shared/errors.js';
import { anyCharacter } from '../support/any-character.js';
import { anyHeader } from './any-header.js';
import { jsonText, space } from './json-texts.js';

const id = 'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ';
const time = '2026-11-23T12:00:00.000Z';

function reasonOf(parsed: ReturnType<typeof parseEvent>): string {
  return parsed.ok ? 'none' : parsed.reason;
}

describe('eventToBytes()', () => {
  test('eventToBytes() writes the header on one line and then the payload verbatim', () => {
    const payload = Buffer.from('{"id":1234,"name":"Jed","status":"OK"}');
    expect(eventToBytes({ id, hook: 'complete', time, payload }).toString()).toBe(
      `{"capnhook":1,"id":"${id}","hook":"complete","time":"${time}",\n"payload":{"id":1234,"name":"Jed","status":"OK"}\n}\n`,
    );
  });

  test('eventToBytes() keeps the order of the members, whatever the order of the event', () => {
    const event: Event = { payload: Buffer.from('1.0'), time, to: ['http://a/'], hook: 'a', id };
    expect(eventToBytes(event).toString()).toBe(
      `{"capnhook":1,"id":"${id}","hook":"a","to":["http://a/"],"time":"${time}",\n"payload":1.0\n}\n`,
    );
  });

  test('eventToBytes() leaves out an absent hook', () => {
    const text = eventToBytes({ id, to: [], time, payload: new Uint8Array([0x30]) }).toString();
    expect(text).toBe(`{"capnhook":1,"id":"${id}","to":[],"time":"${time}",\n"payload":0\n}\n`);
  });

  test('eventToBytes() throws rather than write a header that would not be read', () => {
    const to = Array.from({ length: 200 }, (_, n) => `http://a/${n}${'x'.repeat(8000)}`);
    expect(() => eventToBytes({ id, to, time, payload: Buffer.from('0') })).toThrow(CapnhookError);
    const most = Array.from({ length: 125 }, (_, n) => `http://a/${n}${'x'.repeat(8000)}`);
    expect(parseEvent(eventToBytes({ id, to: most, time, payload: Buffer.from('0') })).ok).toBe(true);
  });
});

describe('parseEvent()', () => {
  test('parseEvent() reads what eventToBytes() wrote, whatever the spelling of the payload', () => {
    fc.assert(
      fc.property(anyHeader, jsonText, (head, text) => {
        const payload = Buffer.from(text);
        const parsed = parseEvent(eventToBytes({ ...head, payload }));
        expect(parsed).toEqual({ ok: true, ...head, payload });
      }),
      { numRuns: 1000 },
    );
  });

  test('parseEvent() reads any layout and order of the members', () => {
    const key = (name: string): fc.Arbitrary<string> => {
      const escaped = `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`;
      return fc.constantFrom(`"${name}"`, `"${name}"`, escaped);
    };
    const member = (name: string, value: string): fc.Arbitrary<string> =>
      fc
        .tuple(space, key(name), space, space, space)
        .map(([a, k, b, c, d]) => `${a}${k}${b}:${c}${value}${d}`);
    const file = fc
      .record({ head: anyHeader, payload: jsonText, other: jsonText, before: space, after: space })
      .chain(({ head, payload, other, before, after }) => {
        const members = [
          ...Object.entries(head).map(([name, value]) => member(name, JSON.stringify(value))),
          member('capnhook', '1'),
          member('payload', payload),
          member('__proto__', other),
          member('unknown', other),
          member('unknown', payload),
        ];
        return fc
          .tuple(...members)
          .chain((list) => fc.shuffledSubarray(list, { minLength: list.length }))
          .map((list) => ({ head, payload, text: `${before}{${list.join(',')}}${after}` }));
      });
    fc.assert(
      fc.property(file, ({ head, payload, text }) => {
        expect(parseEvent(Buffer.from(text))).toEqual({ ok: true, ...head, payload: Buffer.from(payload) });
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['{"hook":"complete","payload":{"a":1}}', { hook: 'complete', payload: '{"a":1}' }],
    ['{\r\n  "payload": [ 1.0 ],\r\n  "hook": "a"\r\n}\r\n', { hook: 'a', payload: '[ 1.0 ]' }],
    [
      '{"to":["HTTP://A.example:80","https://b/?x"],"payload":null}',
      { to: ['http://a.example/', 'https://b/?x'], payload: 'null' },
    ],
    [
      '{"to":["https://a.example/"],"payload":12345678901234567890}',
      { to: ['https://a.example/'], payload: '12345678901234567890' },
    ],
    ['{"hook":"a","to":["http://b/"],"payload":1e400}', { hook: 'a', to: ['http://b/'], payload: '1e400' }],
    [
      '{"time":"2026-11-23T12:00:00+01:00","hook":"a","payload":-0}',
      { hook: 'a', time: '2026-11-23T11:00:00.000Z', payload: '-0' },
    ],
    [
      '{"id":"my-id_1","hook":"a","payload":{"x":1,"x":2}}',
      { id: 'my-id_1', hook: 'a', payload: '{"x":1,"x":2}' },
    ],
    ['{"capnhook":1.0,"hook":"a","payload":{"payload":2}}', { hook: 'a', payload: '{"payload":2}' }],
    ['{"hook":"a","payload":1,"note":{},"x":1,"x":2}', { hook: 'a', payload: '1' }],
    [
      '{"__proto__":{"id":"x","to":[]},"hook":"a","payload":{"__proto__":1}}',
      { hook: 'a', payload: '{"__proto__":1}' },
    ],
    ['{"h\\u006fok":"\\u0061","payload":"\\ud800"}', { hook: 'a', payload: '"\\ud800"' }],
  ])('parseEvent() reads %j', (text, { payload, ...head }) => {
    expect(parseEvent(Buffer.from(text))).toEqual({ ok: true, ...head, payload: Buffer.from(payload) });
  });

  test('parseEvent() gives the payload as a view', () => {
    const bytes = Buffer.from('{"hook":"a","payload":[1]}');
    const parsed = parseEvent(bytes);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.payload.buffer).toBe(bytes.buffer);
  });

  test.each([
    ['', 'no JSON text: it is empty'],
    ['{"hook":"a",\n"payload":', 'an unexpected end at line 2, column 11'],
    ['\ufeff{"hook":"a","payload":1}', 'a byte-order mark before the JSON text'],
    ['{"hook":"a","payload":1}{}', 'a second JSON value at line 1, column 25'],
    ['[1]', 'not a JSON object'],
    ['"x"', 'not a JSON object'],
    ['{}', 'neither "hook" nor "to" in it'],
    ['{"payload":1}', 'neither "hook" nor "to" in it'],
    ['{"hook":"a"}', 'no "payload" in it'],
    ['{"__proto__":{"payload":1},"hook":"a"}', 'no "payload" in it'],
    ['{"__proto__":{"hook":"a"},"payload":1}', 'neither "hook" nor "to" in it'],
    ['{"hook":"a..x","payload":1}', 'the hook "a..x" is not a valid name'],
    ['{"hook":"../x","payload":1}', 'the hook is not a valid name'],
    ['{"hook":null,"payload":1}', 'the hook is not a valid name'],
    ['{"hook":"","payload":1}', 'the hook "" is not a valid name'],
    [
      '{"hook":"\\u001b[31m\\u202e\\u009b\\u007f","payload":1}',
      'the hook "\\u001b[31m\\u202e\\u009b\\u007f" is not a valid name',
    ],
    [`{"hook":"${'a '.repeat(30)}","payload":1}`, `the hook "${'a '.repeat(20)}"... is not a valid name`],
    ['{"hook":"https://x/secret","payload":1}', 'the hook is not a valid name'],
    ['{"hook":"hooks.example/T0/secret","payload":1}', 'the hook is not a valid name'],
    ['{"hook":"https:hooks.example","payload":1}', 'the hook is not a valid name'],
    ['{"hook":"a","payload":1,"id":"a.b"}', 'the id "a.b" is not valid'],
    ['{"hook":"a","payload":1,"id":1}', 'the id is not valid'],
    ['{"hook":"a","payload":1,"time":"today"}', 'the time "today" is not an ISO 8601 date-time with a zone'],
    ['{"hook":"a","payload":1,"time":1795435200}', 'the time is not an ISO 8601 date-time with a zone'],
    ['{"to":[],"payload":1}', 'the list "to" is empty: the event would have no receiver'],
    ['{"hook":"a","to":[],"payload":1}', 'the list "to" is empty: the event would have no receiver'],
    ['{"to":"http://a/","payload":1}', 'the member "to" is not a list of URLs'],
    ['{"to":{"length":1},"payload":1}', 'the member "to" is not a list of URLs'],
    ['{"to":["http://a/",1],"payload":1}', 'entry 2 of "to" is not a string'],
    [
      '{"to":["http://a/","file:///x"],"payload":1}',
      'entry 2 of "to": the URL does not begin with https:// or http://',
    ],
    [
      '{"capnhook":2,"hook":["new"],"payload":1}',
      'a newer capnhook wrote it (format 2; this one reads format 1)',
    ],
    ['{"capnhook":"1","hook":"a","payload":1}', 'the member "capnhook" is not 1'],
    ['{"capnhook":0,"hook":"a","payload":1}', 'the member "capnhook" is not 1'],
    ['{"capnhook":1.5,"hook":"a","payload":1}', 'the member "capnhook" is not 1'],
    ['{"capnhook":1e400,"hook":"a","payload":1}', 'the member "capnhook" is not 1'],
    ['{"capnhook":null,"hook":"a","payload":1}', 'the member "capnhook" is not 1'],
    ...['capnhook', 'id', 'hook', 'to', 'time', 'payload'].map((key) => [
      `{"${key}":1,"hook":"a","${key}":1,"payload":1}`,
      `the member "${key}" appears twice`,
    ]),
    ['{"hook":"a","payload":1,"pa\\u0079load":2}', 'the member "payload" appears twice'],
  ] as [string, string][])('parseEvent() refuses %j', (text, reason) => {
    expect(parseEvent(Buffer.from(text))).toEqual({ ok: false, reason });
  });

  test('parseEvent() refuses what is not UTF-8', () => {
    const bytes = Buffer.from('{"hook":"a","payload":"é"}', 'latin1');
    expect(reasonOf(parseEvent(bytes))).toBe('not UTF-8: the byte 0xE9 at offset 23 (line 1, column 24)');
  });

  test('parseEvent() refuses an oversized file, payload or member without decoding it', () => {
    const event = (member: Buffer): Buffer =>
      Buffer.concat([Buffer.from('{"hook":"a","payload":1,"id":"'), member, Buffer.from('"}')]);
    expect(reasonOf(parseEvent(event(Buffer.alloc(maxHeaderBytes, 'x'))))).toBe(
      'the member "id" is larger than 1 MiB',
    );
    const payload = Buffer.alloc(maxPayloadBytes + 1, 'x');
    payload[0] = payload[payload.length - 1] = 0x22;
    expect(reasonOf(parseEvent(eventToBytes({ id, hook: 'a', time, payload })))).toBe(
      'its payload is larger than 64 MiB',
    );
    expect(reasonOf(parseEvent(Buffer.alloc(maxPayloadBytes + maxHeaderBytes + 1)))).toBe(
      'larger than an event can be',
    );
  });

  test('parseEvent() reads a payload of any depth, and does not crash on a deep header', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    expect(parseEvent(Buffer.from(`{"hook":"a","payload":${deep}}`)).ok).toBe(true);
    expect(reasonOf(parseEvent(Buffer.from(`{"to":${deep},"payload":1}`)))).toBe(
      'the member "to" is larger than 1 MiB',
    );
    const shallower = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
    expect(reasonOf(parseEvent(Buffer.from(`{"to":${shallower},"payload":1}`)))).toBe(
      'entry 1 of "to" is not a string',
    );
  });

  test('parseEvent() never throws, and its reasons are printable and short', () => {
    const value = fc.oneof(
      jsonText,
      fc.string({ unit: anyCharacter }).map((text) => JSON.stringify(text)),
    );
    const name = fc.constantFrom('capnhook', 'id', 'hook', 'to', 'time', 'payload', '__proto__');
    const text = fc
      .array(fc.tuple(name, value), { maxLength: 5 })
      .map((members) => `{${members.map(([k, v]) => `"${k}":${v}`).join(',')}}`);
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((t) => Buffer.from(t)),
          fc.uint8Array(),
        ),
        (bytes) => {
          const parsed = parseEvent(bytes);
          if (!parsed.ok) expect(parsed.reason).toMatch(/^[ -~]{1,340}$/);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

test.each(['headers', 'notBefore', 'expires', 'key', 'traceparent'])(
  'parseEvent() refuses the member %s, which it could not obey',
  (member) => {
    const reason = `the member "${member}" is not supported by this version of capnhook`;
    expect(parseEvent(Buffer.from(`{"hook":"a","${member}":"x","payload":1}`))).toEqual({
      ok: false,
      reason,
    });
    expect(parseEvent(Buffer.from(`{"hook":"a","payload":{"${member}":"x"}}`))).toMatchObject({ ok: true });
  },
);
