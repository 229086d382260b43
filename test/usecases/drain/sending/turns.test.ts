import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTurns } from '../../../../src/usecases/drain/sending/turns.js';

const always = () => true;

it('createTurns() gives turns in the order of add(), one at a time to each', () => {
  const call = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
      const turns = createTurns({ rankOf: () => 0, firstRanks: 1 });
      let waiting: string[] = [];
      for (const endpoint of calls) {
        if (endpoint === undefined) {
          expect(turns.next(always)).toBe(waiting[0]);
          waiting = waiting.slice(1);
          continue;
        }
        turns.add(endpoint);
        if (!waiting.includes(endpoint)) waiting.push(endpoint);
      }
      for (const endpoint of waiting) expect(turns.next(always)).toBe(endpoint);
      expect(turns.next(always)).toBeUndefined();
      expect(turns.isEmpty()).toBe(true);
    }),
  );
});

it('createTurns() gives the first ranks their turns in one order, and then rank after rank', () => {
  const ranks: Record<string, number> = { a: 3, b: 1, c: 2, d: 0, e: 1 };
  const turns = createTurns({ rankOf: (id) => ranks[id]!, firstRanks: 2 });
  for (const id of Object.keys(ranks)) turns.add(id);
  expect(turns.hasFirst()).toBe(true);
  expect(Array.from({ length: 5 }, () => turns.next(always))).toEqual(['b', 'd', 'e', 'c', 'a']);
  expect(turns.hasFirst()).toBe(false);
});

it('createTurns() passes over a rank that may not go, and keeps its order', () => {
  const ranks: Record<string, number> = { a: 0, b: 0, c: 1, d: 2 };
  const turns = createTurns({ rankOf: (id) => ranks[id]!, firstRanks: 2 });
  for (const id of Object.keys(ranks)) turns.add(id);
  const later = (id: string) => ranks[id]! > 0;
  expect(turns.next(later)).toBe('c');
  expect(turns.next(later)).toBe('d');
  expect(turns.next(later)).toBeUndefined();
  expect([turns.next(always), turns.next(always)]).toEqual(['a', 'b']);
});

it('createTurns() moves an endpoint whose rank has changed', () => {
  const ranks: Record<string, number> = { a: 2, b: 2, c: 2 };
  const turns = createTurns({ rankOf: (id) => ranks[id]!, firstRanks: 2 });
  for (const id of Object.keys(ranks)) turns.add(id);
  ranks.c = 0;
  turns.add('c'); // it is told
  ranks.a = 3; // it is not
  expect(Array.from({ length: 3 }, () => turns.next(always))).toEqual(['c', 'b', 'a']);
});
