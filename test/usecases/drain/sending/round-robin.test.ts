import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newTurn, type Turn } from '../../../../src/usecases/drain/sending/rings.js';
import { createRoundRobin } from '../../../../src/usecases/drain/sending/round-robin.js';

const always = () => true;

interface Named {
  name: string;
  turn: Turn<Named>;
}

/** A round robin of endpoints that are told by their names. */
function byName({ rankOf, firstRanks }: { rankOf(name: string): number; firstRanks: number }) {
  const all = new Map<string, Named>();
  const roundRobin = createRoundRobin<Named>({ rankOf: ({ name }) => rankOf(name), firstRanks });
  return {
    ...roundRobin,
    add(name: string) {
      const endpoint = all.get(name) ?? { name, turn: newTurn<Named>() };
      endpoint.turn.endpoint = endpoint;
      all.set(name, endpoint);
      roundRobin.add(endpoint);
    },
    next: (mayGo: (name: string) => boolean) => roundRobin.next(({ name }) => mayGo(name))?.name,
  };
}

it('createRoundRobin() gives turns in the order of add(), one at a time to each', () => {
  const call = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
      const roundRobin = byName({ rankOf: () => 0, firstRanks: 1 });
      let waiting: string[] = [];
      for (const endpoint of calls) {
        if (endpoint === undefined) {
          expect(roundRobin.next(always)).toBe(waiting[0]);
          waiting = waiting.slice(1);
          continue;
        }
        roundRobin.add(endpoint);
        if (!waiting.includes(endpoint)) waiting.push(endpoint);
      }
      for (const endpoint of waiting) expect(roundRobin.next(always)).toBe(endpoint);
      expect(roundRobin.next(always)).toBeUndefined();
      expect(roundRobin.isEmpty()).toBe(true);
    }),
  );
});

it('createRoundRobin() gives the first ranks their turns in one order, and then rank after rank', () => {
  const ranks: Record<string, number> = { a: 3, b: 1, c: 2, d: 0, e: 1 };
  const roundRobin = byName({ rankOf: (id) => ranks[id]!, firstRanks: 2 });
  for (const id of Object.keys(ranks)) roundRobin.add(id);
  expect(roundRobin.hasFirst()).toBe(true);
  expect(Array.from({ length: 5 }, () => roundRobin.next(always))).toEqual(['b', 'd', 'e', 'c', 'a']);
  expect(roundRobin.hasFirst()).toBe(false);
});

it('createRoundRobin() passes over a rank that may not go, and keeps its order', () => {
  const ranks: Record<string, number> = { a: 0, b: 0, c: 1, d: 2 };
  const roundRobin = byName({ rankOf: (id) => ranks[id]!, firstRanks: 2 });
  for (const id of Object.keys(ranks)) roundRobin.add(id);
  const later = (id: string) => ranks[id]! > 0;
  expect(roundRobin.next(later)).toBe('c');
  expect(roundRobin.next(later)).toBe('d');
  expect(roundRobin.next(later)).toBeUndefined();
  expect([roundRobin.next(always), roundRobin.next(always)]).toEqual(['a', 'b']);
});

it('createRoundRobin() moves an endpoint whose rank has changed', () => {
  const ranks: Record<string, number> = { a: 2, b: 2, c: 2 };
  const roundRobin = byName({ rankOf: (id) => ranks[id]!, firstRanks: 2 });
  for (const id of Object.keys(ranks)) roundRobin.add(id);
  ranks.c = 0;
  roundRobin.add('c'); // it is told
  ranks.a = 3; // it is not
  expect(Array.from({ length: 3 }, () => roundRobin.next(always))).toEqual(['c', 'b', 'a']);
});
