import { describe, expect, it } from 'vitest';
import { draining, hooksOf, withIntake, withOwned } from '../../support/draining.js';
import { noUnhandledRejections } from '../../support/unhandled.js';

noUnhandledRejections();

const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() and what cannot be read', () => {
  it('drain() counts, journals and tells what was put aside, at intake, in a claim and in a sweep', async () => {
    const entry = { name: 'x.json', reason: 'it is empty' };
    let taken = false;
    let claimed = false;
    const world = draining({
      wrap(side) {
        const quarantining = withIntake(side, ({ take }) => ({
          async take() {
            const quarantined = taken ? [] : [entry];
            taken = true;
            return { ...(await take()), quarantined };
          },
        }));
        return withOwned(quarantining, ({ claim }) => ({
          async claim(options) {
            if (claimed) return claim(options);
            claimed = true;
            return {
              deliveries: [],
              quarantined: [entry],
              postponed: [{ name: 'y.json', reason: 'EIO' }],
              goesOn: true,
            };
          },
        }));
      },
    });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1, corrupt: 2 });
    expect(world.told('corrupt')).toHaveLength(2);
    expect(world.told('unread')).toHaveLength(1);
    expect(world.journal.filter(({ what }) => what === 'corrupt')).toMatchObject([
      { event: 'x.json', error: 'it is empty' },
      {},
    ]);
  });

  it('drain() gets past what cannot be read now, and waits for it where all is in order', async () => {
    const held = { name: 'y.json', reason: 'EIO' };
    for (const isBlocking of [false, true]) {
      const asked = new Set<boolean | undefined>();
      const conduct = isBlocking ? ({ order: 'strict', onFailure: 'block' } as const) : {};
      let claims = 0;
      const world = draining({
        hooks: hooksOf({ complete: ['a'] }, { a: conduct }),
        wrap: (side) =>
          withOwned(side, ({ claim }) => ({
            async claim(options) {
              asked.add(options.inOrder);
              claims += 1;
              if (claims > 1 && !isBlocking) return claim(options);
              return { deliveries: [], quarantined: [], postponed: [held], goesOn: !isBlocking };
            },
          })),
      });
      await world.fire(...times(3));
      expect(await world.drain()).toMatchObject(isBlocking ? { owed: 3 } : { delivered: 3, owed: 0 });
      expect(world.told('unread')).toHaveLength(1);
      expect([...asked]).toEqual([isBlocking]);
    }
  });

  it('drain() notes what a sweep of old deliveries cannot read', async () => {
    const retry = { scheduleMs: [1_000], jitter: 0 };
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { retry, giveUpAfterMs: 1_000 } }),
      script: { a: 503 },
      wrap: (side) =>
        withOwned(side, ({ claim }) => ({
          async claim(options) {
            const found = await claim(options);
            return options.limit === 1 ? found : { ...found, quarantined: [{ name: 'z', reason: 'torn' }] };
          },
        })),
    });
    await world.fire(...times(3));
    let corrupt = 0;
    for (let n = 0; n < 8; n += 1) {
      corrupt += (await world.drain()).corrupt;
      world.clock.advance?.(1_000);
    }
    expect(world.buried).toHaveLength(3);
    expect(corrupt).toBe(1);
  });
});
