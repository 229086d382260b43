/** Space and inodes that are kept for the drain, which needs a little to empty the spool. */
import type { Disk } from '../disk/disk.js';

/** What is to be written. */
export interface Need {
  bytes: number;
  /** New files. */
  files: number;
}

/** What there is too little of, leaving the reserve untouched; undefined if all fits, or the file system does not tell. */
export function lackOf(disk: Disk, root: string, { bytes, files }: Need): 'space' | 'inodes' | undefined {
  const fs = disk.statfsSync(`${root}/tmp`);
  if (fs.blocks === 0) return undefined;
  if (fs.files > 0 && fs.ffree < Math.min(64, fs.files / 100) + files) return 'inodes';
  const reserve = Math.min(1 << 20, (fs.blocks * fs.bsize) / 100);
  return fs.bavail * fs.bsize < reserve + bytes ? 'space' : undefined;
}
