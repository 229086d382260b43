/** Fsyncs of directories that are put off until a step of moves has ended: one for each directory, and not for each file. */
import { syncAll } from './directory-sync.js';
import type { Disk } from './disk.js';

export interface LateSyncs {
  /** A name has come into this directory. */
  gained(path: string): void;
  /** A name has left this directory. */
  lost(path: string): void;
  /**
   * Makes all of it durable: what came before what left, so that each file has a name after a power cut.
   * @throws the errno of the first failed fsync; what is not durable is left for the next call
   */
  flush(): Promise<void>;
}

/** Nothing has moved yet. */
export function createLateSyncs(disk: Disk): LateSyncs {
  const into = new Set<string>();
  const from = new Set<string>();
  return {
    gained: (path) => void into.add(path),
    lost: (path) => void from.add(path),
    async flush() {
      await syncAll(disk, into);
      await syncAll(disk, from);
    },
  };
}
