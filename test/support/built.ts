import { mkdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../src/shared/errors.js';
import buildFirst from '../e2e/build-first.js';

const lock = join(tmpdir(), 'capnhook-test-build');

/** Sees to it that `dist/` is there and up to date; test files that run at once build it once. */
export async function ensureBuilt(): Promise<void> {
  while (!taken()) await sleep(50);
  try {
    buildFirst();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** A lock that is older than any build was left behind. */
function taken(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > 60_000) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}
