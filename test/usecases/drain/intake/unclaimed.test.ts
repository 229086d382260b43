import { describe, expect, it } from 'vitest';
import { endpointDefaults } from '../../../../src/endpoint/endpoint.js';
import { draining, hooksOf } from '../../../support/draining.js';

const keepMs = 30 * 86_400_000;

describe('drain() and events that nobody is registered for', () => {
  it('drain() reports each hook once, over several drains, with what was probably meant', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a'] }) });
    await world.fire({ hook: 'complte' }, { hook: 'complte' }, { hook: 'zzz' });
    expect(await world.drain()).toMatchObject({ unclaimed: 3, waiting: 0 });
    expect(world.told('unclaimed')).toEqual([
      { kind: 'unclaimed', unclaimed: 2, hook: 'complte', didYouMean: 'complete', keepMs },
      { kind: 'unclaimed', unclaimed: 1, hook: 'zzz', keepMs },
    ]);
    await world.fire({ hook: 'complte' });
    expect(await world.drain()).toMatchObject({ unclaimed: 1 });
    expect(world.told('unclaimed')).toHaveLength(2);
  });

  it('drain() reports a hook again that was registered meanwhile', async () => {
    const world = draining({ hooks: hooksOf({}) });
    await world.fire({ hook: 'on.and.off' });
    await world.drain();
    world.reload(hooksOf({ 'on.and.off': ['a'] }));
    await world.drain();
    await world.drain(); // the hooks are new from its beginning
    world.reload(hooksOf({}));
    await world.drain();
    await world.fire({ hook: 'on.and.off' });
    await world.drain();
    expect(world.told('unclaimed')).toHaveLength(2);
  });

  it('drain() reports ten hooks by name, and the others by a count when it has grown tenfold', async () => {
    const world = draining({ hooks: hooksOf({}) });
    const generated = (count: number) => Array.from({ length: count }, (_, n) => ({ hook: `job.${n}` }));
    await world.fire(...generated(15));
    await world.drain();
    expect(world.told('unclaimed').map(({ hook }) => hook)).toEqual([
      ...Array.from({ length: 10 }, (_, n) => `job.${n}`),
      undefined,
    ]);
    expect(world.told('unclaimed').at(-1)).toMatchObject({ unclaimed: 5 });
    await world.fire(...generated(14));
    await world.drain();
    expect(world.told('unclaimed')).toHaveLength(11);
    await world.fire(...generated(20));
    await world.drain();
    expect(world.told('unclaimed').at(-1)).toMatchObject({ unclaimed: 19 });
    expect(world.told('unclaimed')).toHaveLength(12);
  });

  it('drain() tells the default command and the alert, and no alert about an alert', async () => {
    const hooks = hooksOf({ complete: ['a'] });
    const defaults = { ...endpointDefaults, onChange: ['page'] };
    const world = draining({ hooks: { ...hooks, defaults, alert: 'trouble' } });
    await world.fire({ hook: 'complte' });
    await world.drain({ until: 'wait', waitMs: 1_000 });
    expect(world.ran.map(({ input }) => JSON.parse(input))).toEqual([
      { unclaimed: 1, hook: 'complte', didYouMean: 'complete' },
      { unclaimed: 1, hook: 'trouble' },
    ]);
    expect(world.journal.map(({ what, hook }) => [what, hook])).toEqual([
      ['unclaimed', 'complte'],
      ['unclaimed', 'trouble'],
    ]);
  });

  it('drain() drops them without a report where the hooks file says so', async () => {
    const world = draining({ hooks: { ...hooksOf({}), unclaimed: { isDropped: true, keepMs } } });
    await world.fire({ hook: 'nobody' });
    expect(await world.drain()).toMatchObject({ unclaimed: 1 });
    expect(world.told('unclaimed')).toEqual([]);
    expect(world.journal).toMatchObject([{ what: 'dropped', hook: 'nobody' }]);
    expect(await world.spool.restoreUnclaimed()).toBe(0);
  });

  it('drain() removes what was kept for long enough, and says so', async () => {
    const world = draining({ hooks: hooksOf({}) });
    await world.fire({ hook: 'nobody' }, { hook: 'nobody' });
    await world.drain();
    world.clock.advance?.(keepMs);
    await world.drain();
    expect(world.told('expired')).toEqual([{ kind: 'expired', events: 2, keepMs }]);
    expect(world.journal.filter(({ what }) => what === 'expired')).toHaveLength(2);
    expect(await world.spool.restoreUnclaimed()).toBe(0);
  });
});
