/** Every system call of a drain (in the short measure every second one) is the last one before a kill; and a drain where no links can be made. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { measure } from '../../faults/support/measure.js';
import { atEachCall, drainWith } from '../../support/drain-with-faults.js';

describe('a drain on a disk that fails', () => {
  // The timers of a process that was killed never fire.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('fanOut() to close() lose nothing and repeat nothing, at whichever call they are killed', async () => {
    const calls = await atEachCall(
      (n) =>
        ({ nth }) =>
          nth === n ? 'KILL' : undefined,
      { from: 1, every: measure(2, 1) },
    );
    expect(calls).toBeGreaterThan(100);
  }, 60_000);

  it('fanOut() to close() for one endpoint lose nothing and repeat nothing, at whichever call they are killed', async () => {
    const calls = await atEachCall(
      (n) =>
        ({ nth }) =>
          nth === n ? 'KILL' : undefined,
      { endpoints: ['a'], from: measure(2, 1), every: measure(2, 1) },
    );
    expect(calls).toBeGreaterThan(100);
  }, 60_000);

  it('fanOut() to close() lose nothing and repeat nothing of what is sent from incoming/, at whichever call they are killed', async () => {
    const calls = await atEachCall(
      (n) =>
        ({ nth }) =>
          nth === n ? 'KILL' : undefined,
      { endpoints: ['a'], fromInbox: true },
    );
    expect(calls).toBeGreaterThan(100);
  }, 60_000);

  it('fanOut() to close() go on after short writes', async () => {
    const { told } = await drainWith(({ name }) => (name === 'writeSync' ? 'SHORT' : undefined));
    expect(told.error).toBeUndefined();
    expect(told.claimed).toHaveLength(24);
  });

  for (const refusal of ['EPERM', 'EMLINK', 'EXDEV', 'ENOTSUP']) {
    it(`fanOut() copies where a hard link is refused with ${refusal}`, async () => {
      const { told } = await drainWith(({ name }) => (name === 'linkSync' ? refusal : undefined));
      expect(told.error).toBeUndefined();
      expect(told.claimed).toHaveLength(24);
    });
  }

  it('fanOut() copies lose nothing, at whichever call they are killed', async () => {
    await atEachCall(
      (n) =>
        ({ nth, name }) =>
          nth === n ? 'KILL' : name === 'linkSync' ? 'EXDEV' : undefined,
      { from: 1, every: measure(4, 1) },
    );
  }, 60_000);

  it('fanOut() copies lose nothing, whichever call fails', async () => {
    await atEachCall(
      (n) =>
        ({ nth, name }) =>
          nth === n ? 'ENOSPC' : name === 'linkSync' ? 'EXDEV' : undefined,
      { from: measure(3, 1), every: measure(4, 1) },
    );
  }, 60_000);
});
