import { describe, expect, it } from 'vitest';
import { createAlarm } from '../../../src/usecases/drain/alarm.js';

describe('createAlarm()', () => {
  it('wait() resolves at once if it rang before', async () => {
    const alarm = createAlarm();
    alarm.ring();
    expect(alarm.hasRung()).toBe(true);
    await alarm.wait(Infinity);
    expect(alarm.hasRung()).toBe(false);
  });

  it('wait() resolves at the next ring, and leaves no timer behind', async () => {
    const alarm = createAlarm();
    const before = timers();
    const waited = alarm.wait(60_000);
    expect(timers()).toBe(before + 1);
    alarm.ring();
    await waited;
    expect(timers()).toBe(before);
    expect(alarm.hasRung()).toBe(false);
  });

  it('wait() resolves when the time is over', async () => {
    const alarm = createAlarm();
    await alarm.wait(1);
    expect(alarm.hasRung()).toBe(false);
  });

  it('wait() takes a time beyond what a timer can hold', async () => {
    const alarm = createAlarm();
    const waited = alarm.wait(1e12);
    const first = await Promise.race([
      waited.then(() => 'over'),
      new Promise((resolve) => setTimeout(resolve, 20, 'waiting')),
    ]);
    expect(first).toBe('waiting');
    alarm.ring();
    await waited;
  });

  it('ring() twice is one ring', async () => {
    const alarm = createAlarm();
    alarm.ring();
    alarm.ring();
    await alarm.wait(Infinity);
    expect(alarm.hasRung()).toBe(false);
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
