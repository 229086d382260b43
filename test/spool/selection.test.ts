import { describe, expect, it } from 'vitest';
import { createSelector, type Selectable, type Selection } from '../../src/spool/selection.js';
import { event } from '../support/builders.js';

const { payload: _, ...header } = event({ id: 'e1', hook: 'build.failed' });
const dead: Selectable = { header, endpoint: 'a', acceptedAt: 1_000, reason: 'gave-up' };

/** What an entry must be like, and whether it is. */
const table: ReadonlyArray<[select: Selection, isSelected: boolean]> = [
  [{}, true],
  [{ hook: 'build.failed' }, true],
  [{ hook: 'build.*' }, true],
  [{ hook: 'build' }, false],
  [{ endpoints: ['b', 'a'] }, true],
  [{ endpoints: [] }, false],
  [{ ids: ['e1'] }, true],
  [{ ids: ['e'] }, false],
  [{ since: 1_000 }, true],
  [{ since: 1_001 }, false],
  [{ before: 1_001 }, true],
  [{ before: 1_000 }, false],
  [{ reasons: ['gave-up'] }, true],
  [{ reasons: ['refused'] }, false],
  [{ hook: 'build.*', endpoints: ['b'] }, false],
];

describe('createSelector()', () => {
  it.each(table)('has() asks every member of %j', (select, isSelected) => {
    expect(createSelector(select).has(dead)).toBe(isSelected);
  });

  it('has() selects nothing without an endpoint, a hook or a reason where one is asked for', () => {
    const { hook: __, ...rest } = header;
    const entry: Selectable = { header: rest, endpoint: undefined, acceptedAt: 0 };
    expect(createSelector({}).has(entry)).toBe(true);
    for (const select of [{ endpoints: ['a'] }, { hook: '**' }, { reasons: ['gave-up'] }])
      expect(createSelector(select).has(entry)).toBe(false);
  });

  it('mayHaveOfBatch() tells batches with a selected event', () => {
    const { mayHaveOfBatch } = createSelector({ ids: ['b_2'] });
    expect([mayHaveOfBatch('b'), mayHaveOfBatch('b_2'), mayHaveOfBatch('c')]).toEqual([true, false, false]);
  });
});
