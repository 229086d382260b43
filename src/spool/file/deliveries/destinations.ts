/** The directories that deliveries are moved to: `retry/<endpoint>` and `dead/<endpoint>`. */
import type { Disk } from '../disk/disk.js';
import type { LateSyncs } from '../disk/late-syncs.js';
import { privateDir } from '../disk/layout.js';
import { ensureDirectory, ensureRoom, syncDirectory } from '../disk/write-file.js';

const parents = ['retry', 'dead'] as const;

export interface Destinations {
  /**
   * Makes the directory of an endpoint where it is missing.
   * @param late where its fsync is put off to; without it the directory is durable when the call returns
   * @returns its path
   * @throws the errno of what failed
   */
  ensure(parent: (typeof parents)[number], endpoint: string, late?: LateSyncs): string;
  /** The directories of an endpoint may have been removed. */
  forget(endpoint: string): void;
}

/** Makes the destinations of a spool, which remember the directories that are durable. */
export function createDestinations(disk: Disk, root: string): Destinations {
  const durable = new Set<string>();
  return {
    ensure(parent, endpoint, late) {
      const path = ensureRoom(disk, root, parent);
      const directory = `${path}/${endpoint}`;
      const isNew = ensureDirectory(disk, directory, privateDir); // a person may have removed it
      if (isNew || !durable.has(directory)) {
        if (late === undefined) syncDirectory(disk, path);
        else late.gained(path);
      }
      if (late === undefined) durable.add(directory);
      return directory;
    },
    forget(endpoint) {
      for (const parent of parents) durable.delete(`${root}/${parent}/${endpoint}`);
    },
  };
}
