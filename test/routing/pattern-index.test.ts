import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesHook } from '../../src/event/hook-pattern.js';
import { createPatternIndex } from '../../src/routing/pattern-index.js';

describe('createPatternIndex()', () => {
  it('matching() finds what matchesHook() finds, in the order of the patterns', () => {
    const segment = fc.constantFrom('a', 'b', 'c');
    const hook = fc.array(segment, { minLength: 1, maxLength: 6 }).map((all) => all.join('.'));
    const pattern = fc
      .array(fc.oneof(segment, fc.constantFrom('*', '**')), { minLength: 1, maxLength: 6 })
      .map((all) => all.join('.'));
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 30 }), hook, (patterns, name) => {
        const expected = patterns.flatMap((each, number) => (matchesHook(each, name) ? [number] : []));
        expect(createPatternIndex(patterns).matching(name)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it('matching() stays quick for patterns made to be slow', () => {
    const patterns = Array.from({ length: 40 }, (_, n) => `${'**.*.'.repeat(20)}x${n}`.slice(-127));
    const name = Array.from({ length: 63 }, () => 'a').join('.');
    expect(createPatternIndex(patterns).matching(name)).toEqual([]);
  });
});
