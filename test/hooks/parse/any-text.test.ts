import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addRegistration, removeRegistration } from '../../../src/hooks/edit/edit-hooks.js';
import { parseHooks } from '../../../src/hooks/parse/parse-hooks.js';
import { measure } from '../../faults/support/measure.js';
import { anyCharacter } from '../../support/any-character.js';
import { hooksOf, problemsOf } from './parsed.js';

describe('parseHooks() on any text', () => {
  const word = fc.constantFrom(
    'hooks',
    'endpoints',
    'defaults',
    'a',
    'url',
    'https://a.example',
    'sign',
    'retry',
    '5s',
    '1',
    '&x',
    '*x',
    '!t',
    '~',
  );
  const mark = fc.constantFrom(
    ': ',
    ':',
    '- ',
    '\n',
    '\n  ',
    '\n    ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '"',
    "'",
    '#',
    ' ',
    '? ',
    '|',
    '---',
    '\t',
    '\r\n',
    '%',
  );
  const text = fc.array(fc.oneof(word, mark), { maxLength: 40 }).map((parts) => parts.join(''));

  it('parseHooks() never throws, and places each problem in the file', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: anyCharacter })), (any) => {
        const parsed = parseHooks(any);
        const places = parsed.ok
          ? []
          : parsed.problems.map(({ line = 0, column = 0 }) => line * 1_000 + column);
        expect(places).toEqual([...places].sort((a, b) => a - b));
        expect(places.every((place) => place >= 1_001)).toBe(true);
        if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: measure(1_000, 3_000) },
    );
  });

  it('addRegistration() is right for whatever parseHooks() accepts', () => {
    fc.assert(
      fc.property(text, (any) => {
        for (const accepted of [any, `hooks:\n  ${any}`, `hooks: {a: ${any}}`].filter(
          (one) => parseHooks(one).ok,
        )) {
          const { text: added } = addRegistration(accepted, { hook: 'new', url: 'https://new.example' });
          const { text: back } = removeRegistration(added, { target: 'https://new.example' });
          expect(hooksOf(back).registrations).toEqual(hooksOf(accepted).registrations);
        }
      }),
      { numRuns: measure(1_000, 3_000) },
    );
  });
});

/** What grows with the square of its input, or faster, would take hours here. */
describe('parseHooks() stays within bounds', { timeout: 90_000 }, () => {
  it('parseHooks() stops at aliases of aliases of aliases', () => {
    const levels = Array.from(
      { length: 30 },
      (_, n) => `  a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]\n`,
    ).join('');
    expect(problemsOf(`hooks:\n  a0: &a0 [https://a.example]\n${levels}`)).toContainEqual(
      expect.stringContaining('the aliases up to here repeat more than 100000 values'),
    );
  });

  it('parseHooks() stops at a thousand aliases of a thousand URLs', () => {
    const aliases = Array.from({ length: 1_000 }, (_, n) => `  h${n}: *x\n`).join('');
    expect(problemsOf(`hooks:\n  a: &x [${'https://a.example, '.repeat(1_000)}]\n${aliases}`)).toHaveLength(
      1,
    );
  });

  it.each(['[', '{a: ', '- ', '? '])('parseHooks() stops at %j a hundred thousand times', (text) => {
    expect(problemsOf(text.repeat(100_000))).toEqual(['1:1 this is nested more than 64 levels deep']);
  });

  it('parseHooks() takes thirty thousand hooks, and as many mistakes', () => {
    const lines = (value: string) =>
      `hooks:\n${Array.from({ length: 30_000 }, (_, n) => `  h${n}: ${value}\n`).join('')}`;
    expect(problemsOf(lines('https://a.example'))).toEqual([]);
    expect(problemsOf(lines('nope'))).toHaveLength(1_001);
  });
});
