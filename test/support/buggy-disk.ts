/** A disk with a bug, which is no error of the system. */
import { systemDisk } from '../../src/spool/file/disk/disk.js';

/** What {@link buggy} throws. */
export const bug: TypeError = new TypeError('a bug');

/** The disk, one of whose methods throws what no disk throws. */
export function buggy(method: keyof typeof systemDisk): typeof systemDisk {
  return {
    ...systemDisk,
    [method]: () => {
      throw bug;
    },
  };
}
