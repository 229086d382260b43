import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTurns } from '../../../src/usecases/drain/turns.js';

it('createTurns() gives turns in the order of add(), one at a time to each', () => {
  const call = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
      const turns = createTurns();
      let waiting: string[] = [];
      for (const endpoint of calls) {
        if (endpoint === undefined) {
          expect(turns.next()).toBe(waiting[0]);
          waiting = waiting.slice(1);
          continue;
        }
        turns.add(endpoint);
        if (!waiting.includes(endpoint)) waiting.push(endpoint);
      }
      for (const endpoint of waiting) expect(turns.next()).toBe(endpoint);
      expect(turns.next()).toBeUndefined();
    }),
  );
});
