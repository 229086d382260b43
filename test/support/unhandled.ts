import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';

/** The tests of a file leave no rejection behind that nobody handles. */
export function noUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  beforeAll(() => {
    process.on('unhandledRejection', note);
  });
  afterAll(async () => {
    await setImmediate();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
}
