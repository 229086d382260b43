import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CheckedPayload } from '../../src/event/payload.js';
import { checkPayload, checkPayloads, maxBatchEvents, maxPayloadBytes } from '../../src/event/payload.js';
import { jsonText, space } from './json-texts.js';

function outcome(checked: CheckedPayload): string {
  return checked.ok ? Buffer.from(checked.payload).toString('utf8') : checked.reason;
}

/** The verdict of the platform. */
function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

describe('checkPayload()', () => {
  test('checkPayload() passes exactly maxPayloadBytes', () => {
    const bytes = Buffer.alloc(maxPayloadBytes, 'x');
    bytes[0] = bytes[bytes.length - 1] = 0x22;
    expect(checkPayload(bytes).ok).toBe(true);
  });

  test('checkPayload() takes any depth, and does not crash on it', () => {
    const open = '['.repeat(1_000_000);
    const close = ']'.repeat(1_000_000);
    expect(checkPayload(Buffer.from(open + close)).ok).toBe(true);
    expect(checkPayload(Buffer.from(`${'{"a":['.repeat(50_000)}${']}'.repeat(50_000)}`)).ok).toBe(true);
    expect(outcome(checkPayload(Buffer.from(open)))).toBe('an unexpected end at line 1, column 1000001');
    expect(outcome(checkPayload(Buffer.from(`${open}${close}]`)))).toContain('text after the JSON value');
  });

  test('checkPayload() explains in linear time', () => {
    const blank = ' '.repeat(8_000_000);
    expect(outcome(checkPayload(Buffer.from(`[1,${blank}]`)))).toContain('a trailing comma');
    expect(outcome(checkPayload(Buffer.from(`${blank}x`)))).toContain('text instead of JSON');
    expect(outcome(checkPayload(Buffer.from(`1${blank}${blank}[`)))).toContain('text after the JSON value');
  });

  test('checkPayload() gives back JSON text of any layout byte for byte', () => {
    fc.assert(
      fc.property(space, jsonText, space, (before, text, after) => {
        expect(outcome(checkPayload(Buffer.from(before + text + after)))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test('checkPayload() accepts of mutated JSON exactly what JSON.parse accepts', () => {
    const snippet = fc.oneof(
      fc.constantFrom(...'{}[],:"\\0123.eE+-tfn u/\n\t'.split('')).map((text) => Buffer.from(text)),
      fc.uint8Array({ minLength: 1, maxLength: 3 }),
      fc.constantFrom(...[0xc0, 0xe0, 0xed, 0xf0, 0xf4].map((lead) => Buffer.from([lead, 0x90, 0x80, 0x80]))),
    );
    const mutation = fc.record({
      at: fc.nat(),
      remove: fc.nat(3),
      insert: fc.option(snippet, { nil: Buffer.alloc(0) }),
    });
    fc.assert(
      fc.property(jsonText, fc.array(mutation, { minLength: 1, maxLength: 3 }), (text, mutations) => {
        let bytes = Buffer.from(text);
        for (const { at, remove, insert } of mutations) {
          const cut = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, cut), insert, bytes.subarray(cut + remove)]);
        }
        expect(checkPayload(bytes).ok).toBe(isJson(bytes));
      }),
      { numRuns: 10_000 },
    );
  });

  test('checkPayload() accepts of arbitrary bytes exactly what JSON.parse accepts', () => {
    const inString = fc
      .uint8Array({ maxLength: 6 })
      .map((bytes) => Buffer.concat([Buffer.from('"'), bytes, Buffer.from('"')]));
    const soup = fc
      .array(
        fc.constantFrom(...'{}[],:"\\0123.eE+- \n'.split(''), 'true', 'null', '"a"', '"a":', '\\u00e9'),
        { maxLength: 9 },
      )
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(inString, soup, fc.uint8Array({ maxLength: 12 })), (bytes) => {
        expect(checkPayload(bytes).ok).toBe(isJson(bytes));
      }),
      { numRuns: 10_000 },
    );
  });

  test('checkPayload() knows UTF-8 as TextDecoder does, for every lead and second byte', () => {
    for (let lead = 0x80; lead <= 0xff; lead++) {
      for (let second = 0x7f; second <= 0xc0; second++) {
        for (const rest of [[], [0x80], [0xbf, 0x80], [0x80, 0xc0], [0x80, 0x80, 0x80]]) {
          const bytes = Buffer.from([0x22, lead, second, ...rest, 0x22]);
          if (checkPayload(bytes).ok !== isJson(bytes)) expect(bytes.toString('hex')).toBe('judged alike');
        }
      }
    }
  });
});

test('checkPayloads() refuses more than a million payloads', () => {
  const lines = Buffer.alloc(2 * (maxBatchEvents + 1), '1\n');
  expect(checkPayloads(lines)).toMatchObject({
    ok: false,
    line: maxBatchEvents + 1,
    reason: 'more than a million payloads',
  });
  expect(checkPayloads(lines.subarray(2))).toMatchObject({ ok: true });
});
