import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { tempDir } from '../../support/temp.js';

/** A directory for a test that is not about the disk: in memory, where the system has such a place. */
export function memoryDir(): string {
  if (!existsSync('/dev/shm')) return tempDir();
  const path = mkdtempSync('/dev/shm/capnhook-test-');
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
