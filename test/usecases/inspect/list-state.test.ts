import { describe, expect, it } from 'vitest';
import type { Health } from '../../../src/endpoint/health.js';
import { entryStatesOf, queuedStateOf } from '../../../src/usecases/inspect/list-state.js';

const now = 1_000_000;

describe('queuedStateOf()', () => {
  it.each<[string, Health, boolean | undefined, string]>([
    ['a well endpoint', {}, true, 'queued'],
    ['an endpoint that failed', { failures: 1, parkedUntil: now + 5 }, true, 'parked'],
    ['a parked endpoint whose time has come', { failures: 1, parkedUntil: now - 5 }, true, 'parked'],
    ['a paused endpoint', { paused: 'it answered 410', failures: 1 }, true, 'paused'],
    ['an endpoint that is not registered', { failures: 1 }, false, 'on-hold'],
    ['a paused endpoint that is not registered', { paused: 'it answered 410' }, false, 'paused'],
    ['an endpoint of unknown hooks', {}, undefined, 'queued'],
    [
      'one on hold of unknown hooks',
      { heldAll: { hooks: 'h', queue: 'q', afterMs: 0 } },
      undefined,
      'on-hold',
    ],
  ])('queuedStateOf() of %s', (_, health, isRegistered, state) => {
    expect(queuedStateOf(health, { isRegistered, now })).toBe(state);
  });
});

describe('entryStatesOf()', () => {
  it('entryStatesOf() says where entries of several states are, each place once', () => {
    expect(entryStatesOf(['parked', 'paused', 'dead', 'corrupt'])).toEqual(['queued', 'dead']);
    expect(entryStatesOf(['corrupt'])).toEqual([]);
  });
});
