import { describe, expect, it } from 'vitest';
import { CapnhookError } from '../../../src/shared/errors.js';
import { draining, hooksOf } from '../../support/draining.js';
import { sickWorld } from '../../support/sick-world.js';

describe('drain() and changes of an endpoint', () => {
  const change = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

  it('drain() tells a command of each change once: what, since when, and how much is owed', async () => {
    const world = sickWorld({ onChange: ['tell', 'ops'] }, { a: 503 });
    await world.fire({}, {});
    const since = new Date(world.clock.now()).toISOString();
    await world.drain();
    world.clock.advance?.(1_000);
    await world.drain();
    world.clock.advance?.(60_000);
    world.script.a = 204;
    await world.drain();
    expect(world.ran.map(({ command }) => command)).toEqual([
      ['tell', 'ops'],
      ['tell', 'ops'],
    ]);
    expect(world.ran.every(({ input }) => input.endsWith('}\n'))).toBe(true);
    expect(world.ran.map(({ input }) => change(input))).toEqual([
      { endpoint: 'a', from: 'well', to: 'parked', since, owed: 2 },
      { endpoint: 'a', from: 'parked', to: 'well', since, owed: 0 },
    ]);
    expect(world.told('parked')).toHaveLength(1);
    expect(world.told('well')).toHaveLength(1);
  });

  it('drain() tells of what was given up', async () => {
    const world = sickWorld(
      { onChange: ['tell'] },
      { a: { kind: 'answer', status: 500, delivery: 'abort-message' } },
    );
    await world.fire({}, {});
    await world.drain();
    expect(world.ran.map(({ input }) => change(input))).toMatchObject([
      { endpoint: 'a', from: 'well', to: 'well', owed: 0, gaveUp: 2 },
    ]);
  });

  it('drain() says so when the command fails, and goes on', async () => {
    const hooks = hooksOf({ complete: ['a'] }, { a: { onChange: ['tell'] } });
    const world = draining({ hooks, script: { a: 503 }, ran: () => 'the command exited with 3' });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ failed: 1, owed: 1 });
    expect(world.told('alert-failed')).toEqual([
      { kind: 'alert-failed', via: 'onChange', endpoint: 'a', reason: 'the command exited with 3' },
    ]);
  });

  it('drain() fires the hook that is named in alert, and delivers it in the same pass', async () => {
    const hooks = { ...hooksOf({ complete: ['a'], trouble: ['ops'] }), alert: 'trouble' };
    const world = draining({ hooks, script: { a: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1, failed: 1, owed: 1 });
    const [told] = world.to('ops');
    expect(change(told!.payload)).toMatchObject({ endpoint: 'a', from: 'well', to: 'parked', owed: 1 });
  });

  it('drain() says so when the hook that is named in alert cannot be fired, and goes on', async () => {
    const hooks = { ...hooksOf({ complete: ['a', 'b'], trouble: ['ops'] }), alert: 'trouble' };
    const fire = async (): Promise<void> => {
      throw new CapnhookError('TEMPORARY', 'Cannot fire: the spool is full');
    };
    const world = draining({ hooks, script: { a: 503 }, notifier: { fire } });
    await world.fire({}, {});
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 2 });
    expect(world.told('alert-failed')).toEqual([
      { kind: 'alert-failed', via: 'alert', endpoint: 'a', reason: 'Cannot fire: the spool is full' },
    ]);
  });

  it('drain() goes on where the spool cannot tell how much is owed just now', async () => {
    const asked: string[] = [];
    const world = draining({
      hooks: hooksOf({ complete: ['a', 'b'] }, { a: { onChange: ['tell'] } }),
      script: { a: 503 },
      wrap: (side) => ({
        ...side,
        byId: {
          ...side.byId,
          async owed(endpoint) {
            asked.push(endpoint);
            if (asked.length === 1) throw new CapnhookError('TEMPORARY', 'Cannot list the queue: EMFILE');
            return side.byId.owed(endpoint);
          },
        },
      }),
    });
    await world.fire({}, {});
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 2 });
    expect(world.told('alert-failed')).toMatchObject([{ endpoint: 'a' }]);
    expect(asked).toEqual(['a', 'a']); // once more for the summary
  });

  it('drain() that tells of a change lets a bug through', async () => {
    const hooks = { ...hooksOf({ complete: ['a'], trouble: ['ops'] }), alert: 'trouble' };
    const fire = async (): Promise<void> => {
      throw new TypeError('a bug');
    };
    const world = draining({ hooks, script: { a: 503 }, notifier: { fire } });
    await world.fire({});
    await expect(world.drain()).rejects.toThrow('a bug');
  });

  it('drain() never tells an endpoint of itself', async () => {
    const hooks = { ...hooksOf({ complete: ['ops'], trouble: ['ops'] }), alert: 'trouble' };
    const world = draining({ hooks, script: { ops: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ failed: 1, owed: 1, waiting: 0 });
    expect(world.told('parked')).toHaveLength(1);
  });

  it('drain() ends where all who are told of changes refuse that', async () => {
    const hooks = { ...hooksOf({ complete: ['a'], trouble: ['x', 'y'] }), alert: 'trouble' };
    const world = draining({ hooks, script: { a: 503, x: 400, y: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ waiting: 0 });
    for (const endpoint of ['x', 'y']) expect(world.to(endpoint)).toHaveLength(1); // of `a`, and not of each other
  });

  it('drain() tells nobody where nobody is to be told, and asks nothing of the spool for it', async () => {
    let asked = 0;
    const world = draining({
      script: { a: 503 },
      wrap: (side) => ({
        ...side,
        byId: {
          ...side.byId,
          owed(endpoint) {
            asked += 1;
            return side.byId.owed(endpoint);
          },
        },
      }),
    });
    await world.fire({});
    await world.drain();
    expect(asked).toBe(1); // for the summary
  });
});
