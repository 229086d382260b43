/** Requests that the spool refuses to carry out, as on a full disk. */
import { describe, expect, it } from 'vitest';
import { CapnhookError } from '../../../../src/shared/errors.js';
import type { DrainSide, Wish } from '../../../../src/spool/spool.js';
import { draining, hooksOf } from '../../../support/draining.js';
import { until } from '../../../support/world.js';

const drop: Wish = { kind: 'drop', select: { endpoints: ['a'] }, by: 'jed' };

/** A drain whose spool refuses to move anything to the dead while `isFull`. */
function refusing() {
  const disk = { isFull: true, refusals: 0 };
  const wrap = (side: DrainSide): DrainSide => ({
    ...side,
    async discard(request) {
      if (!disk.isFull) return side.discard(request);
      disk.refusals += 1;
      throw new CapnhookError('SPOOL_WRITE', 'Cannot drain the spool: no space left');
    },
  });
  const world = draining({ hooks: hooksOf({ complete: ['a'], other: ['b'] }), script: { a: 503 }, wrap });
  return { world, disk };
}

describe('drain() and requests that the spool refuses', () => {
  it('drain() of a pass sends the rest, says so, ends, and leaves the request to the next one', async () => {
    const { world, disk } = refusing();
    await world.fire({});
    await world.drain();
    await world.fire({ hook: 'other' });
    await world.spool.request({ id: '1', wish: drop });
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 1 });
    expect(world.told('unread').map(({ entry }) => entry)).toEqual([
      { name: 'control/1.json', reason: 'it cannot be obeyed now: Cannot drain the spool: no space left' },
    ]);
    expect(await world.spool.hasRequest('1')).toBe(true);
    disk.isFull = false;
    expect(await world.drain()).toMatchObject({ owed: 0 });
    expect(await world.spool.hasRequest('1')).toBe(false);
  });

  it('drain() that stays goes on sending, and obeys when there is room again', async () => {
    const { world, disk } = refusing();
    await world.fire({});
    await world.drain();
    await world.spool.request({ id: '1', wish: drop });
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is refused', () => disk.refusals === 1);
    await world.fire({ hook: 'other' });
    await until('the other one is sent', () => world.to('b').length === 1);
    expect(disk.refusals).toBe(1);
    disk.isFull = false;
    await until('it is obeyed', async () => {
      world.clock.advance?.(1_000);
      return !(await world.spool.hasRequest('1'));
    });
    stop.abort();
    expect(await drained).toMatchObject({ owed: 0 });
  });
});
