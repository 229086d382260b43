import { describe, expect, it } from 'vitest';
import { createPostponedEntries } from '../../../../src/usecases/drain/intake/postponed.js';
import type { Notice } from '../../../../src/usecases/drain/ports.js';

describe('createPostponedEntries()', () => {
  it('tells ten entries by name, the others by their number, and both once', () => {
    const told: Notice[] = [];
    const postponed = createPostponedEntries((notice) => told.push(notice));
    const look = (count: number): Notice[] => {
      told.length = 0;
      postponed.begin();
      for (let n = 0; n < count; n += 1) postponed.add('unread', { name: `${n}`, reason: 'EIO' });
      postponed.end();
      return [...told];
    };
    const first = look(70_000);
    expect(first.map(({ kind }) => kind)).toEqual([...Array(10).fill('unread'), 'more-postponed']);
    expect(first.at(-1)).toEqual({ kind: 'more-postponed', count: 69_990 });
    expect(look(70_000)).toEqual([]);
    expect(look(71_000)).toEqual([]);
    expect(look(150_000)).toEqual([{ kind: 'more-postponed', count: 149_990 }]);
    expect(look(0)).toEqual([]);
    expect(look(1)).toHaveLength(1);
  });
});
