/** Every system call of a drain (in the short measure some of each errno) fails once, or from then on. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isLong, measure } from '../../faults/support/measure.js';
import { atEachCall } from '../../support/drain-with-faults.js';

describe('a drain on a disk that fails', () => {
  // The timers of a process that was killed never fire.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  // The errnos take the same ways, but for few: in the short measure one meets every second call, the others each a third.
  for (const [errno, some] of [
    ['ENOSPC', { from: 1, every: 2 }],
    ['EIO', { from: 3, every: 3 }],
    ['EMFILE', { from: 1, every: 3 }],
    ['EACCES', { from: 2, every: 3 }],
  ] as const) {
    // What may not be read is put aside: for good, as far as anybody can tell.
    const mayBeCorrupt = errno === 'EACCES';
    const points = isLong ? { from: 1, every: 1 } : some;

    it(`take() to close() lose nothing and repeat nothing, whichever call fails with ${errno}`, async () => {
      const calls = await atEachCall(
        (n) =>
          ({ nth }) =>
            nth === n ? errno : undefined,
        { mayBeCorrupt, ...points },
      );
      expect(calls).toBeGreaterThan(100);
    }, 60_000);

    it(`take() to close() for one endpoint lose nothing and repeat nothing, whichever call fails with ${errno}`, async () => {
      const calls = await atEachCall(
        (n) =>
          ({ nth }) =>
            nth === n ? errno : undefined,
        { mayBeCorrupt, endpoints: ['a'], ...points },
      );
      expect(calls).toBeGreaterThan(100);
    }, 60_000);

    it(`take() to close() lose nothing and repeat nothing of what is sent from incoming/, whichever call fails with ${errno}`, async () => {
      const calls = await atEachCall(
        (n) =>
          ({ nth }) =>
            nth === n ? errno : undefined,
        { mayBeCorrupt, endpoints: ['a'], fromInbox: true, ...some },
      );
      expect(calls).toBeGreaterThan(100);
    }, 60_000);

    it(`take() to close() lose nothing and repeat nothing, from whichever call on all fail with ${errno}`, async () => {
      await atEachCall(
        (n) =>
          ({ nth }) =>
            nth >= n ? errno : undefined,
        { mayBeCorrupt, from: measure(errno.length % 3, 1), every: measure(3, 1) },
      );
    }, 60_000);
  }
});
