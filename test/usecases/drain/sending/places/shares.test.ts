import { describe, expect, it } from 'vitest';
import type { Share } from '../../../../../src/usecases/drain/sending/places/endpoint-shares.js';
import {
  createShares,
  mostInFlight,
  type Shares,
} from '../../../../../src/usecases/drain/sending/places/shares.js';

interface Named extends Share {
  name: string;
}

interface World {
  shares: Shares<Named>;
  /** The endpoint of a name. */
  of(name: string): Named;
  /** Time goes by. */
  advance(ms: number): void;
  /** Starts as many attempts as may be, at most `most`; returns how each ends. */
  start(endpoint: string, most?: number): Array<() => void>;
}

function world({ maxInFlight = 8, most = 40, isIdle = true } = {}): World {
  let now = 0;
  const slack = { isThere: () => isIdle, use() {}, sample() {} };
  const all = new Map<string, Named>();
  const of = (name: string): Named => {
    const endpoint = all.get(name) ?? { places: 0, typicalMs: undefined, isQuick: false, name };
    all.set(name, endpoint);
    return endpoint;
  };
  const shares = createShares<Named>({
    slack,
    isFailing: () => false,
    maxInFlight: () => maxInFlight,
    most: () => most,
    now: () => now,
  });
  return {
    shares,
    of,
    advance(ms) {
      now += ms;
      shares.update();
    },
    start(endpoint, upTo = Infinity) {
      const ends: Array<() => void> = [];
      while (ends.length < upTo && shares.hasPlace(of(endpoint))) ends.push(shares.enter(of(endpoint)));
      return ends;
    },
  };
}

/** Lets an endpoint make an attempt that takes so long. */
function attempt({ start, advance }: World, endpoint: string, ms: number): void {
  const [end] = start(endpoint, 1);
  advance(ms);
  end!();
}

describe('createShares()', () => {
  it('hasPlace() gives one endpoint as many places as there are, and no more', () => {
    const { start, shares, of } = world();
    expect(start('a')).toHaveLength(8);
    expect(shares.count()).toBe(8);
    expect(of('a').places).toBe(8);
  });

  it('hasPlace() lets no endpoint with nothing in flight wait for the places of others', () => {
    const { start, shares } = world();
    start('hanging');
    for (let n = 0; n < 20; n += 1) expect(start(`e${n}`)).toHaveLength(1);
    expect(shares.count()).toBe(28);
  });

  it('hasPlace() starts no more than this process has time for, but those of an endpoint that is quick', () => {
    const all = world({ isIdle: false });
    attempt(all, 'quick', 10);
    all.start('hanging');
    expect(all.shares.hasPlace(all.of('unknown'))).toBe(false);
    expect(all.shares.hasPlace(all.of('quick'))).toBe(true);
  });

  it('hasPlace() keeps a quarter of the places for quick endpoints', () => {
    const all = world();
    attempt(all, 'quick', 10);
    attempt(all, 'slow', 19_000);
    expect(all.start('slow')).toHaveLength(8);
    expect(all.start('quick')).toHaveLength(2);
  });

  it('update() takes an endpoint for slow whose attempts do not end', () => {
    const all = world();
    for (const id of ['a', 'b', 'c']) attempt(all, id, 10);
    for (const id of ['a', 'b']) all.start(id, 4);
    all.advance(600);
    expect(all.start('c')).toHaveLength(1);
    all.advance(600);
    expect(all.start('c')).toHaveLength(1); // of the quarter that slow ones leave
  });

  it('rankOf() lets those go first whose attempts take the least time together', () => {
    const all = world({ maxInFlight: 100, most: 1_000 });
    attempt(all, 'quick', 10);
    attempt(all, 'two', 2_000);
    attempt(all, 'twenty', 20_000);
    const rankOf = (name: string) => all.shares.rankOf(all.of(name));
    expect([rankOf('quick'), rankOf('twenty'), rankOf('unknown')]).toEqual([0, 2, 1]);
    all.start('quick', 9);
    all.start('two', 4);
    all.start('twenty', 1);
    expect(rankOf('quick')).toBeLessThan(rankOf('two'));
    expect(rankOf('two')).toBeLessThan(rankOf('twenty'));
  });

  it('hasPlace() never exceeds the most, and keeps the last places for quick endpoints', () => {
    const all = world({ most: 16 });
    attempt(all, 'quick', 10);
    attempt(all, 'slow', 20_000);
    for (let n = 0; n < 40; n += 1) all.start(`e${n}`, 1);
    expect(all.shares.count()).toBe(14);
    expect(all.shares.hasPlace(all.of('slow'))).toBe(false);
    expect(all.start('quick')).toHaveLength(2);
    expect(all.shares.count()).toBe(16);
    expect(all.shares.hasPlace(all.of('quick'))).toBe(false);
  });

  it('giveWay() cuts off the oldest first attempts, where an endpoint was never tried and nothing else is free', () => {
    const all = world({ maxInFlight: 4, most: 16 });
    const cut: string[] = [];
    const enter = (id: string) => all.shares.enter(all.of(id), () => cut.push(id));
    const ends = Array.from({ length: 14 }, (_, n) => enter(`e${n}`));
    expect(all.shares.hasPlace(all.of('new'))).toBe(false);
    const waiting = (count: number) =>
      all.shares.giveWay((rank) => (rank === all.shares.rankOf(all.of('new')) ? count : 9));
    all.advance(1_000);
    waiting(2);
    expect(cut).toEqual([]);
    all.advance(1_000);
    waiting(2);
    waiting(2);
    expect(cut).toEqual(['e0', 'e1']);
    for (const end of ends.slice(0, 2)) end();
    expect(all.shares.hasPlace(all.of('new'))).toBe(true);
    // It has had its time to be heard, and is not cut off again.
    expect([all.of('e0').typicalMs, all.of('e2').typicalMs]).toEqual([2_000, undefined]);
    waiting(0);
    expect(cut).toHaveLength(2);
  });
});

describe('mostInFlight()', () => {
  it.each([
    [256, Infinity, 2_304],
    [256, 832, 728],
    [256, 128, 112],
    [4_096, 1_000_000, 6_144],
    [1, 1, 1],
  ])('mostInFlight(%d, %d) is %d', (maxInFlight, maxConnections, most) => {
    expect(mostInFlight(maxInFlight, maxConnections)).toBe(most);
  });
});
