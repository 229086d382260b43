import { beforeEach } from 'vitest';

/** @returns how many timers there are beside those that the test began with; for the top of a file */
export function countOwnTimers(): () => number {
  let before = 0;
  beforeEach(() => {
    before = allTimers();
  });
  return () => allTimers() - before;
}

function allTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
