import { describe, expect, it } from 'vitest';
import { isGeneratedId, timeOfId } from '../../../../src/event/event-id.js';
import { createIdMaker } from '../../../../src/spool/file/incoming/id-maker.js';

describe('createIdMaker()', () => {
  it('createIdMaker() makes ids that sort in their order, whatever the clock does', () => {
    const times = [5, 5, 5, 3, -1, 6, 2];
    let nth = 0;
    const nextId = createIdMaker({
      now: () => times[nth++]!,
      random: () => Buffer.alloc(10, 0xfe).fill(0xff, 8),
    });
    const ids = times.map(nextId);
    expect(ids.every(isGeneratedId)).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.map(timeOfId)).toEqual([5, 5, 5, 5, 5, 6, 6]);
    const back = [5_000, 4_000, 3_999];
    const next = createIdMaker({ now: () => back.shift()!, random: () => Buffer.alloc(10) });
    expect([next(), next(), next()].map(timeOfId)).toEqual([5_000, 5_000, 3_999]);
  });
});
