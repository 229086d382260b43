/**
 * Which files there are in `endpoints/`. Most endpoints have none, and to find
 * that out from an `open` that fails costs more than a delivery. Only the drain
 * writes there.
 */
import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';

export interface EndpointFiles {
  /** Whether the file may be there. */
  mayHave(name: string): boolean;
  /** It was written. */
  add(name: string): void;
}

/** Listed when it is asked for the first time. */
export function createEndpointFiles(disk: Disk, root: string): EndpointFiles {
  let names: Set<string> | 'unknown' | undefined;

  function list(): Set<string> | 'unknown' {
    try {
      return new Set(listNames(disk, `${root}/endpoints`));
    } catch (error) {
      ignoreErrno(error);
      return 'unknown';
    }
  }

  return {
    mayHave(name) {
      names ??= list();
      return names === 'unknown' || names.has(name);
    },
    add(name) {
      if (names instanceof Set) names.add(name);
    },
  };
}
