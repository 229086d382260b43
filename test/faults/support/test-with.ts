import { test } from 'vitest';
import { missingOf, type Needs } from './needs.js';

type TestFunction = (name: string, run: () => Promise<void> | void, timeoutMs?: number) => void;

/**
 * Vitest's `test` for a test that needs something of the machine. Where that is
 * missing the test is skipped, and says why; in CI (`CI` is set) it fails.
 */
export function testWith(needs: Needs): TestFunction {
  const missing = missingOf(needs);
  if (missing === undefined) return (name, run, timeoutMs) => test(name, run, timeoutMs);
  if (process.env.CI === undefined) return (name, run) => test.skip(`${name} (needs ${missing})`, run);
  return (name) =>
    test(name, () => {
      throw new Error(`this machine has no ${missing}, and in CI the test must run`);
    });
}
