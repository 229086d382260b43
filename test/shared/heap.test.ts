import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeap } from '../../src/shared/heap.js';

describe('createHeap()', () => {
  it('hands out the earliest first, also while others are put in', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
        const heap = createHeap<string>();
        const times: number[] = [];
        for (const at of steps) {
          if (at === null) expect(heap.pop()?.at).toBe(times.shift());
          else {
            heap.push(at, `${at}`);
            times.push(at);
            times.sort((a, b) => a - b);
          }
          expect(heap.first()?.at).toBe(times[0]);
        }
        for (const at of times) expect(heap.pop()).toEqual({ at, item: `${at}` });
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });
});
