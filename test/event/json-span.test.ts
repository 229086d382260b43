import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topLevelMembers } from '../../src/event/json-span.js';
import { objectText } from './json-texts.js';

/** Each member as its key and the text of its value. */
function membersOf(text: string): [string, string][] {
  const bytes = Buffer.from(text);
  return topLevelMembers(bytes).map(({ key, start, end }) => [key, bytes.toString('utf8', start, end)]);
}

/** The same, slowly: a recursive descent over the text. */
function reference(text: string): [string, string][] {
  let at = 0;
  const members: [string, string][] = [];
  const space = () => {
    at += /^[ \n\r\t]*/.exec(text.slice(at))![0].length;
  };
  const token = (pattern: RegExp): string => {
    const found = pattern.exec(text.slice(at));
    if (found === null || found.index !== 0) throw new Error(`bad text at ${at}`);
    at += found[0].length;
    return found[0];
  };
  const string = () => token(/^"(?:[^"\\]|\\.)*"/su);
  const list = (open: RegExp, close: string, element: () => void) => {
    token(open);
    space();
    while (text[at] !== close) {
      element();
      space();
      if (text[at] === ',') at += 1;
      space();
    }
    at += 1;
  };
  const value = (): void => {
    if (text[at] === '{') object(() => undefined);
    else if (text[at] === '[') list(/^\[/, ']', value);
    else if (text[at] === '"') string();
    else token(/^[-+.0-9a-zA-Z]+/);
  };
  const object = (found: (key: string, value: string) => void): void =>
    list(/^\{/, '}', () => {
      const key = JSON.parse(string()) as string;
      space();
      token(/^:/);
      space();
      const start = at;
      value();
      found(key, text.slice(start, at));
    });
  space();
  object((key, found) => members.push([key, found]));
  return members;
}

describe('topLevelMembers()', () => {
  test.each<[string, [string, string][]]>([
    ['{}', []],
    [' \n{ } ', []],
    ['{"a":1}', [['a', '1']]],
    [
      '{"a" : -1.0e+5 ,"b":\ttrue\r\n}',
      [
        ['a', '-1.0e+5'],
        ['b', 'true'],
      ],
    ],
    [
      '{"a":1,"a":2}',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['{"p\\u0061yload":[1]}', [['payload', '[1]']]],
    [
      '{"\\"":"\\\\","}":"{\\""}',
      [
        ['"', '"\\\\"'],
        ['}', '"{\\""'],
      ],
    ],
    [
      '{"__proto__":{"a":[{}]},"é":"ü"}',
      [
        ['__proto__', '{"a":[{}]}'],
        ['é', '"ü"'],
      ],
    ],
    [
      '{"a":{"payload":1},"b":[]}',
      [
        ['a', '{"payload":1}'],
        ['b', '[]'],
      ],
    ],
  ])('topLevelMembers() of %j', (text, members) => {
    expect(membersOf(text)).toEqual(members);
  });

  test('topLevelMembers() counts from the beginning of a view', () => {
    const bytes = Buffer.from('xx{"a":12}').subarray(2);
    expect(topLevelMembers(bytes)).toEqual([{ key: 'a', start: 5, end: 7 }]);
    expect(topLevelMembers(new Uint8Array(bytes))).toEqual([{ key: 'a', start: 5, end: 7 }]);
  });

  test('topLevelMembers() leaves out what is not asked for', () => {
    const keys = topLevelMembers(Buffer.from('{"a":1,"b":2,"a":3}'), new Set(['a'])).map(({ key }) => key);
    expect(keys).toEqual(['a', 'a']);
  });

  test('topLevelMembers() finds what a recursive descent finds, in any layout', () => {
    fc.assert(
      fc.property(objectText, (text) => {
        expect(membersOf(text)).toEqual(reference(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('topLevelMembers() is not recursive', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    expect(topLevelMembers(Buffer.from(`{"a":${deep}}`))).toEqual([{ key: 'a', start: 5, end: 2_000_005 }]);
  });
});
