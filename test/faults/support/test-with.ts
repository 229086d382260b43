import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'vitest';

/** What a test needs of the machine. */
export interface Needs {
  /** Whether it mounts, changes owners, or makes devices. */
  root?: boolean;
  /** Commands in the `PATH`: `strace`, `mkfs.ext4`, … */
  commands?: readonly string[];
  /** Files of the system: `/dev/loop-control`, … */
  files?: readonly string[];
}

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

function missingOf({ root = false, commands = [], files = [] }: Needs): string | undefined {
  if (root && process.getuid?.() !== 0) return 'root';
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const command = commands.find(
    (name) => !directories.some((directory) => existsSync(join(directory, name))),
  );
  return command ?? files.find((path) => !existsSync(path));
}
