import { describe, expect, it } from 'vitest';
import { createSignal } from '../../../src/usecases/drain/signal.js';

describe('createSignal()', () => {
  it('wait() resolves immediately if it was raised before', async () => {
    const signal = createSignal();
    signal.raise();
    expect(signal.isRaised()).toBe(true);
    await signal.wait(Infinity);
    expect(signal.isRaised()).toBe(false);
  });

  it('wait() resolves when it is raised, and leaves no timer behind', async () => {
    const signal = createSignal();
    const before = timers();
    const waited = signal.wait(60_000);
    expect(timers()).toBe(before + 1);
    signal.raise();
    await waited;
    expect(timers()).toBe(before);
    expect(signal.isRaised()).toBe(false);
  });

  it('wait() resolves when the time is over', async () => {
    const signal = createSignal();
    await signal.wait(1);
    expect(signal.isRaised()).toBe(false);
  });

  it('wait() takes a time beyond what a timer can hold', async () => {
    const signal = createSignal();
    const waited = signal.wait(1e12);
    const first = await Promise.race([
      waited.then(() => 'over'),
      new Promise((resolve) => setTimeout(resolve, 20, 'waiting')),
    ]);
    expect(first).toBe('waiting');
    signal.raise();
    await waited;
  });

  it('raise() twice is one ring', async () => {
    const signal = createSignal();
    signal.raise();
    signal.raise();
    await signal.wait(Infinity);
    expect(signal.isRaised()).toBe(false);
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
