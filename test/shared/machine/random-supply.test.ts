import { expect, it } from 'vitest';
import { createRandomSupply } from '../../../src/shared/machine/random-supply.js';

/** Numbers from 1 on, as bytes. */
function counting() {
  let last = 0;
  const fetched: number[] = [];
  const random = (count: number): Uint8Array => {
    fetched.push(count);
    return Uint8Array.from({ length: count }, () => ++last);
  };
  return { random, fetched };
}

it('createRandomSupply() hands out each byte once, and seldom fetches more', () => {
  const { random, fetched } = counting();
  const supply = createRandomSupply(random);
  expect([...supply(3), ...supply(2)]).toEqual([1, 2, 3, 4, 5]);
  expect(fetched).toEqual([4096]);
  for (let n = 0; n < 4096; n += 1) expect(supply(10)).toHaveLength(10);
  expect(fetched).toHaveLength(11);
  expect(supply(5000)).toHaveLength(5000);
});

it('createRandomSupply() hands out bytes that the caller may change', () => {
  const supply = createRandomSupply(counting().random);
  supply(4).fill(0);
  expect([...supply(1)]).toEqual([5]);
});
