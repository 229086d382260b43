import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect } from 'vitest';

/** Those of the test runner come and go. */
const patienceMs = 500;

/** @returns checks that there are no more timers than the test began with; for the top of a file */
export function watchTimers(): () => Promise<void> {
  let before = 0;
  beforeEach(() => {
    before = allTimers();
  });
  return async () => {
    const until = performance.now() + patienceMs;
    while (allTimers() > before && performance.now() < until) await setImmediate();
    expect(allTimers()).toBeLessThanOrEqual(before);
  };
}

function allTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
