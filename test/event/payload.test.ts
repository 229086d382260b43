import { describe, expect, test } from 'vitest';
import type { CheckedPayload } from '../../src/event/payload.js';
import { checkPayload, checkPayloads, maxBatchBytes, maxPayloadBytes } from '../../src/event/payload.js';

/** A view of some size that costs nothing: only its length is looked at. */
function sized(length: number): Uint8Array {
  return new Proxy(new Uint8Array(0), {
    get: (target, name) => (name === 'length' ? length : Reflect.get(target, name)),
  });
}

function outcome(checked: CheckedPayload): string {
  return checked.ok ? Buffer.from(checked.payload).toString('utf8') : checked.reason;
}

describe('checkPayload()', () => {
  test.each([
    '12345678901234567890',
    '1.0',
    '1e400',
    '-0',
    '0',
    'null',
    'true',
    'false',
    '[]',
    '{}',
    '"s"',
    '""',
    '{"a":1,"a":2}',
    '{"__proto__":{"x":1},"constructor":2}',
    '{\n  "b": 1.50,\n  "a": [ 1,\t2 ]\r\n}',
    '"Grüße, 漢字, 😀, \u007f\u2028\ufeff"',
    '"\\ud800"',
    '"\\u00e9\\n\\/"',
    '-1.5E-7',
  ])('checkPayload() passes %s byte for byte', (text) => {
    expect(checkPayload(Buffer.from(text))).toEqual({ ok: true, payload: Buffer.from(text) });
  });

  test('checkPayload() passes a string of 200 kB', () => {
    const text = JSON.stringify('é"\n'.repeat(50_000));
    expect(outcome(checkPayload(Buffer.from(text)))).toBe(text);
  });

  test('checkPayload() trims white space off without a copy', () => {
    const bytes = Buffer.from(' \r\n\t{"a": 1 }\n\n');
    const checked = checkPayload(bytes);
    if (!checked.ok) throw new Error(checked.reason);
    expect(Buffer.from(checked.payload).toString()).toBe('{"a": 1 }');
    expect(checked.payload.buffer).toBe(bytes.buffer);
  });

  test.each<[string, string, string]>([
    ['', 'no JSON text: it is empty', 'did not fail'],
    [' \r\n\t', 'no JSON text: it is only white space', 'did not fail'],
    ['[1', 'an unexpected end at line 1, column 3', 'cut off'],
    ['{"a":1,\n', 'an unexpected end at line 2, column 1', 'cut off'],
    ['{"a"', 'an unexpected end at line 1, column 5', 'cut off'],
    ['{"a', 'an unexpected end at line 1, column 4', 'cut off'],
    ['"é', 'an unexpected end at line 1, column 3', 'cut off'],
    ['"\\', 'an unexpected end at line 1, column 3', 'cut off'],
    ['"\\u00', 'an unexpected end at line 1, column 6', 'cut off'],
    ['tru', 'an unexpected end at line 1, column 4', 'cut off'],
    ['-', 'an unexpected end at line 1, column 2', 'cut off'],
    ['1.', 'an unexpected end at line 1, column 3', 'cut off'],
    ['1e+', 'an unexpected end at line 1, column 4', 'cut off'],
    ['{"id":1}\n{"id":2}', 'a second JSON value at line 2, column 1', '--ndjson'],
    ['{}{}', 'a second JSON value at line 1, column 3', '--ndjson'],
    ['1 2', 'a second JSON value at line 1, column 3', '--ndjson'],
    ['{} x', 'text after the JSON value at line 1, column 4', 'Remove it'],
    ['{}}', 'text after the JSON value at line 1, column 3', 'Remove it'],
    ['2026-11-23', 'text after the JSON value at line 1, column 5', 'quote it'],
    ["{'a':1}", 'a single quote at line 1, column 2', 'double quotes'],
    ["'{}'", 'a single quote at line 1, column 1', 'double quotes'],
    ['NaN', 'NaN at line 1, column 1, which JSON does not have', 'null'],
    ['[1, -Infinity]', '-Infinity at line 1, column 6, which JSON does not have', 'null'],
    ['[Infinity]', 'Infinity at line 1, column 2, which JSON does not have', 'null'],
    ['-NaN', '-NaN at line 1, column 2, which JSON does not have', 'null'],
    ['{"a":undefined}', 'undefined at line 1, column 6, which JSON does not have', 'null'],
    ['{"a": True}', 'True at line 1, column 7 instead of true', 'json.dumps'],
    ['[None]', 'None at line 1, column 2 instead of null', 'json.dumps'],
    ['FALSE', 'FALSE at line 1, column 1 instead of false', 'json.dumps'],
    ['nil', 'nil at line 1, column 1 instead of null', 'json.dumps'],
    ['\ufeff{}', 'a byte-order mark before the JSON text', 'tail -c +4'],
    ['"a\nb"', 'an unescaped control character (U+000A) at line 1, column 3', 'written \\n'],
    ['"\u001b[0m"', 'an unescaped control character (U+001B) at line 1, column 2', 'jq -Rs .'],
    ['{}\u0007', 'an unescaped control character (U+0007) at line 1, column 3', 'jq -Rs .'],
    ['\u007f', 'an unescaped control character (U+007F) at line 1, column 1', 'jq -Rs .'],
    ['"abc\u0000"', 'a NUL byte at line 1, column 5', '\\u0000'],
    ['[1,\n  2,\n]', 'a trailing comma before the closing bracket at line 3, column 1', 'Remove the comma'],
    ['{"a":1, }', 'a trailing comma before the closing brace at line 1, column 9', 'Remove the comma'],
    ['{"a":1 // one\n}', 'a comment at line 1, column 8', 'no comments'],
    ['/* one */ {}', 'a comment at line 1, column 1', 'no comments'],
    ['# one\n{}', 'a comment at line 1, column 1', 'no comments'],
    ['hello world', 'text instead of JSON at line 1, column 1', 'quote it'],
    ['trueish', 'text after the JSON value at line 1, column 5', 'quote it'],
    ['nulx', 'text instead of JSON at line 1, column 1', 'quote it'],
    ['[hello]', 'text without quotes at line 1, column 2', 'double quotes'],
    ['{a:1}', 'a key without quotes at line 1, column 2', 'double quotes'],
    ['{1:1}', 'a missing key at line 1, column 2', 'double quotes'],
    ['{,}', 'a missing key at line 1, column 2', 'double quotes'],
    ['{"a" 1}', 'a missing colon at line 1, column 6', 'colon'],
    ['{"a":}', 'a missing value at line 1, column 6', 'null'],
    ['[1,,2]', 'a missing value at line 1, column 4', 'comma'],
    ['[,1]', 'a missing value at line 1, column 2', 'comma'],
    [']', 'a missing value at line 1, column 1', 'null'],
    ['{"a":1\n"b":2}', 'a missing comma or closing bracket at line 2, column 1', 'just before'],
    ['[1}', 'a missing comma or closing bracket at line 1, column 3', 'just before'],
    ['007', 'a number with a leading zero at line 1, column 2', 'as a string'],
    ['[-01]', 'a number with a leading zero at line 1, column 4', 'as a string'],
    ['[1.]', 'a malformed number at line 1, column 4', 'as a string'],
    ['[1ex]', 'a malformed number at line 1, column 4', 'as a string'],
    ['+1', 'a malformed number at line 1, column 1', 'as a string'],
    ['[.5]', 'a malformed number at line 1, column 2', 'as a string'],
    ['"C:\\temp\\x"', 'an unknown escape at line 1, column 9', 'backslash itself'],
    ['"\\u12g4"', 'an unknown escape at line 1, column 2', 'backslash itself'],
    [
      '{“a”:1}',
      'a character that is allowed only inside a string (U+201C) at line 1, column 2',
      'typographic',
    ],
    [
      '{"é":1,\u00a0"b":2}',
      'a character that is allowed only inside a string (U+00A0) at line 1, column 8',
      'no-break',
    ],
    ['<html>', 'an unexpected character at line 1, column 1', 'jq'],
  ])('checkPayload() refuses %j and says why', (text, reason, hint) => {
    expect(checkPayload(Buffer.from(text))).toEqual({
      ok: false,
      reason,
      hint: expect.stringContaining(hint),
    });
  });

  const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
  test.each<[string, Buffer, string, string]>([
    [
      'Latin-1',
      latin1('{\n"a":"é"}'),
      'not UTF-8: the byte 0xE9 at offset 7 (line 2, column 6)',
      'iconv -f LATIN1',
    ],
    [
      'Latin-1 outside a string',
      latin1('é'),
      'not UTF-8: the byte 0xE9 at offset 0 (line 1, column 1)',
      'iconv',
    ],
    [
      'a stray continuation',
      latin1('"\x80"'),
      'not UTF-8: the byte 0x80 at offset 1 (line 1, column 2)',
      'iconv',
    ],
    [
      'half a character',
      latin1('"\xe6\xbc'),
      'not UTF-8: the byte 0xE6 at offset 1 (line 1, column 2)',
      'iconv',
    ],
    [
      'an encoded surrogate',
      latin1('"\xed\xa0\x80"'),
      'not UTF-8: the byte 0xED at offset 1 (line 1, column 2)',
      'iconv',
    ],
    [
      'a NUL in a text of one character',
      Buffer.from('"\0"'),
      'a NUL byte at line 1, column 2',
      'text at all',
    ],
    ['UTF-16LE', utf16('{"a":1}'), 'UTF-16 instead of UTF-8', 'iconv -f UTF-16LE'],
    ['UTF-16LE with a byte-order mark', utf16('\ufeff{}'), 'UTF-16 instead of UTF-8', 'iconv -f UTF-16LE'],
    ['UTF-16BE', utf16('{}').swap16(), 'UTF-16 instead of UTF-8', 'iconv -f UTF-16BE'],
    [
      'UTF-16BE with a byte-order mark',
      utf16('\ufeff{}').swap16(),
      'UTF-16 instead of UTF-8',
      'iconv -f UTF-16BE',
    ],
    ['NUL bytes', Buffer.alloc(4), 'a NUL byte at line 1, column 1', 'text at all'],
  ])('checkPayload() refuses %s and says why', (_, bytes, reason, hint) => {
    expect(checkPayload(bytes)).toEqual({ ok: false, reason, hint: expect.stringContaining(hint) });
  });

  test('checkPayload() refuses more than maxPayloadBytes', () => {
    expect(maxPayloadBytes).toBe(67_108_864);
    expect(outcome(checkPayload(sized(maxPayloadBytes + 1)))).toBe('larger than the 64 MiB of a payload');
  });
});

describe('checkPayloads()', () => {
  test.each<[string, string[]]>([
    ['{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['1\r\n 2 \r\n3', ['1', '2', '3']],
    ['\n\n1\n \t\r\n2\n\n', ['1', '2']],
    ['"a"', ['"a"']],
  ])('checkPayloads() takes a payload from each line of %j', (text, payloads) => {
    expect(checkPayloads(Buffer.from(text))).toEqual({
      ok: true,
      payloads: payloads.map((p) => Buffer.from(p)),
    });
  });

  test.each<[string, number, string, string]>([
    ['', 1, 'no payload in it', 'per line'],
    ['\n \n', 1, 'no payload in it', 'per line'],
    ['1\n\n{"a":\n1}', 3, 'an unexpected end at column 6', 'jq -c'],
    ['1\n2 3', 2, 'a second JSON value at column 3', 'line of its own'],
    ['1\n[1,]', 2, 'a trailing comma before the closing bracket at column 4', 'comma'],
    ['\ufeff1\n2', 1, 'a byte-order mark before the JSON text', 'tail'],
    ['1\r2', 1, 'a second JSON value at column 3', 'line of its own'],
  ])('checkPayloads() refuses %j with the number of the line', (text, line, reason, hint) => {
    const refusal = { ok: false, line, reason, hint: expect.stringContaining(hint) };
    expect(checkPayloads(Buffer.from(text))).toEqual(refusal);
  });

  test('checkPayloads() names an offset within the line', () => {
    const checked = checkPayloads(Buffer.from('1\n"é"\n', 'latin1'));
    expect(checked).toMatchObject({ line: 2, reason: 'not UTF-8: the byte 0xE9 at offset 1 of the line' });
  });

  test('checkPayloads() refuses UTF-16', () => {
    const checked = checkPayloads(Buffer.from('{}\n{}\n', 'utf16le'));
    expect(checked).toMatchObject({ ok: false, line: 1, reason: 'UTF-16 instead of UTF-8' });
  });

  test('checkPayloads() refuses more than maxBatchBytes, and a line of more than maxPayloadBytes', () => {
    expect(maxBatchBytes).toBe(1_073_741_824);
    expect(checkPayloads(sized(maxBatchBytes + 1))).toMatchObject({ ok: false, line: 1 });
    const bytes = Buffer.alloc(maxPayloadBytes + 3, '1');
    bytes[1] = 0x0a;
    expect(checkPayloads(bytes)).toMatchObject({ line: 2, reason: 'larger than the 64 MiB of a payload' });
  });
});
