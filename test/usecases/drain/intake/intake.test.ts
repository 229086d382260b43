import { describe, expect, it } from 'vitest';
import type { Route } from '../../../../src/routing/router.js';
import type { RoutedEntry } from '../../../../src/spool/intake.js';
import { createMemorySpool } from '../../../../src/spool/memory/memory-spool.js';
import { createIntake } from '../../../../src/usecases/drain/intake/intake.js';
import type { Notice } from '../../../../src/usecases/drain/ports.js';
import { endpoint, event } from '../../../support/builders.js';
import { withIntake } from '../../../support/draining.js';
import { claimAll, ids, sideOf } from '../../../support/spool-kit.js';
import { gate } from '../../../support/world.js';

const toA: Route = { kind: 'to', endpoints: [endpoint({ id: 'a' })] };
const toB: Route = { kind: 'to', endpoints: [endpoint({ id: 'b' })] };

interface Options {
  /** Who gets an event, by its hook. */
  routes: Record<string, Route | Promise<Route>>;
  /** The newest hooks that the spool knows of. */
  newest?: string;
  /** What a refresh brings. */
  refreshed?: { fingerprint: string; routes: Record<string, Route> };
}

/** An intake over a spool in memory, routed by a table instead of a hooks file. */
async function intakeOf({ routes, newest, refreshed }: Options) {
  const spool = createMemorySpool({ now: Date.now, newestHooks: () => newest });
  const side = await sideOf(spool);
  const notices: Notice[] = [];
  const placed: RoutedEntry[][] = [];
  let fingerprint = 'first';
  let current = routes;
  let refreshes = 0;
  const watched = withIntake(side, ({ place }) => ({
    place(routed, options) {
      placed.push([...routed]);
      return place(routed, options);
    },
  }));
  const intake = createIntake(
    { side: watched, report: (notice) => notices.push(notice) },
    {
      routing: {
        route: ({ hook }) => current[hook ?? '']!,
        fingerprint: () => fingerprint,
        async refresh() {
          refreshes += 1;
          if (refreshed === undefined || refreshes < 2) return { kind: 'same' };
          ({ fingerprint, routes: current } = refreshed);
          return { kind: 'reloaded' };
        },
      },
      settler: { noteQuarantined() {} },
      unclaimed: { add() {}, handlingOf: (_, why = 'nobody') => ({ why, isDropped: false }) },
      canSendNow: (id) => id === 'a',
      isPass: true,
      onChange() {},
    },
  );
  async function run(): Promise<void> {
    intake.begin();
    do await intake.step();
    while (intake.mayGoOn());
  }
  async function fire(...hooks: string[]): Promise<string[]> {
    const fired = hooks.map((hook) => event({ hook }));
    for (const each of fired) await spool.enqueue(each);
    return fired.map(({ id }) => id);
  }
  return {
    spool,
    side,
    intake,
    notices,
    placed,
    run,
    fire,
    know: (more: typeof routes) => (current = more),
  };
}

describe('createIntake()', () => {
  it('step() waits for all routes that are not known yet together, and places nothing before', async () => {
    const { passed, open } = gate();
    const [slow, other] = [passed.then(() => toA), passed.then(() => toB)];
    const world = await intakeOf({ routes: { known: toA, slow, other } });
    const fired = await world.fire('slow', 'known', 'other');
    const running = world.run();
    await new Promise(setImmediate);
    expect(world.placed).toEqual([]);
    open();
    await running;
    expect(ids(await claimAll(world.side, 'a'))).toEqual([fired[0], fired[1]]);
    expect(ids(await claimAll(world.side, 'b'))).toEqual([fired[2]]);
  });

  it('step() says of events with one endpoint whether that can be sent to now', async () => {
    const both: Route = { kind: 'to', endpoints: [endpoint({ id: 'a' }), endpoint({ id: 'b' })] };
    const world = await intakeOf({ routes: { one: toA, other: toB, both } });
    await world.fire('one', 'other', 'both');
    await world.run();
    expect(world.placed.flat().map(({ canSendNow }) => canSendNow)).toEqual([true, false, false]);
  });

  it('step() leaves events whose receivers are not known, says why once, and places them later', async () => {
    const routes: Options['routes'] = { known: toA, source: { kind: 'unknown', why: 'it timed out' } };
    const world = await intakeOf({ routes });
    const [waiting, known] = await world.fire('source', 'known');
    await world.run();
    await world.run();
    expect(ids(await claimAll(world.side, 'a'))).toEqual([known]);
    expect(world.notices).toEqual([{ kind: 'unread', entry: { name: waiting, reason: 'it timed out' } }]);
    expect([await world.spool.waiting(), world.intake.unroutable()]).toEqual([1, 1]);
    world.know({ source: toB });
    await world.run();
    expect(ids(await claimAll(world.side, 'b'))).toEqual([waiting]);
    expect(world.intake.unroutable()).toBe(0);
  });

  it('step() reports nothing of events whose receivers are unknown for a reason that is reported elsewhere', async () => {
    const world = await intakeOf({ routes: { any: { kind: 'unknown' } } });
    await world.fire('any');
    await world.run();
    expect([world.notices, world.intake.unroutable()]).toEqual([[], 1]);
  });

  it('step() gets past more events with unknown receivers than it takes in one step', async () => {
    const world = await intakeOf({
      routes: { known: toA, source: { kind: 'unknown', why: 'it timed out' } },
    });
    await world.fire(...Array.from({ length: 600 }, () => 'source'));
    const [known] = await world.fire('known');
    await world.run();
    expect(ids(await claimAll(world.side, 'a'))).toEqual([known]);
    expect(world.intake.unroutable()).toBe(600);
  });

  it('step() keeps an event with the reason why nobody gets it', async () => {
    const world = await intakeOf({ routes: { none: { kind: 'nobody', why: 'the source has no row' } } });
    await world.fire('none');
    await world.run();
    expect(world.placed.flat()).toMatchObject([{ endpoints: [], why: 'the source has no row' }]);
  });

  it('step() routes again by newer hooks, where the spool knows of some', async () => {
    const refreshed = { fingerprint: 'second', routes: { any: toB } };
    const world = await intakeOf({ routes: { any: toA }, newest: 'second', refreshed });
    const [fired] = await world.fire('any');
    await world.run();
    expect(world.placed.map(([routed]) => routed?.endpoints)).toEqual([['a'], ['b']]);
    expect(world.side.byId.owing()).toEqual(['b']);
    expect(ids(await claimAll(world.side, 'b'))).toEqual([fired]);
  });

  it('step() leaves events in the inbox while the spool knows of newer hooks than there are here', async () => {
    const world = await intakeOf({ routes: { any: toA }, newest: 'second' });
    await world.fire(...Array.from({ length: 300 }, () => 'any'));
    await world.run();
    expect(await world.spool.waiting()).toBe(300);
    expect(world.side.byId.owing()).toEqual([]);
  });
});
