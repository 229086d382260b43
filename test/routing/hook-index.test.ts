import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesHook } from '../../src/event/hook-pattern.js';
import { createHookIndex } from '../../src/routing/hook-index.js';

const segment = fc.constantFrom('build', 'failed', 'a', '*', '**');
const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('.'));
const hook = fc
  .array(fc.constantFrom('build', 'failed', 'a', 'b'), { minLength: 1, maxLength: 4 })
  .map((segments) => segments.join('.'));

describe('createHookIndex()', () => {
  it('finds the registrations that match, in their order, as one comparison with each of them does', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), hook, (patterns, name) => {
        const expected = patterns.flatMap((each, number) => (matchesHook(each, name) ? [number] : []));
        expect(createHookIndex(patterns).matching(name)).toEqual(expected);
      }),
    );
  });

  it('has() knows exact names, and no name that only a pattern matches', () => {
    const index = createHookIndex(['build.failed', 'build.*']);
    expect(index.has('build.failed')).toBe(true);
    expect(index.has('build.done')).toBe(false);
    expect(index.has('constructor')).toBe(false);
  });
});
