import { readdirSync, readlinkSync } from 'node:fs';
import { it, type TestAPI } from 'vitest';
import { systemDisk } from '../../src/spool/file/disk/disk.js';

/** A test that counts its open files in `/proc`. */
export const onLinux: TestAPI | TestAPI['skip'] = process.platform === 'linux' ? it : it.skip;

/** The number of files that this process has open below a directory. */
export function openBelow(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const path = `/proc/self/fd/${fd}`;
      return systemDisk.statSync(path).isFile() && readlinkSync(path).startsWith(directory);
    } catch {
      return false; // the listing's own
    }
  }).length;
}
