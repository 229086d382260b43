/** Listing the directories of queues again, after changes that were not reported. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';
import { readStanding } from '../endpoints/endpoint-directories.js';
import { closedOf } from './closed-queues.js';
import type { EndpointQueue } from './endpoint-queue.js';
import type { OpenReaders } from './open-readers.js';
import type { Ownership } from './ownership.js';
import type { QueueTable } from './queue-table.js';

export interface RelistingOptions {
  table: QueueTable;
  readers: OpenReaders;
  ownership: Ownership;
  /** Called with a segment that was removed. */
  onRemoved(endpoint: string, segment: string): void;
}

/** Makes the function that lists the directories of some endpoints, or of all; what is handed out stays so. */
export function createRelisting(
  disk: Disk,
  root: string,
  { table, readers, ownership, onRemoved }: RelistingOptions,
): (only?: readonly string[]) => void {
  function reloadOpen(queue: EndpointQueue): void {
    queue.reader?.reload();
    readers.used(queue);
    ownership.announceWhatIsThere(queue);
  }

  /** @param options.isKept whether an endpoint is known from now on although it is owed nothing */
  function reloadClosed(endpoint: string, { isKept }: { isKept: boolean }): void {
    const onGone = (segment: string) => onRemoved(endpoint, segment);
    try {
      const standing = readStanding(disk, root, { endpoint, onGone });
      if (!isKept && !standing.isWaiting && !standing.hasRetries && table.find(endpoint) === undefined)
        return;
      const queue = table.of(endpoint);
      queue.closed = closedOf(standing);
      queue.hasDirectories = true;
      ownership.announceWhatIsThere(queue);
    } catch (error) {
      ignoreErrno(error); // it stays as it is known; a claim reports it
    }
  }

  return (only) => {
    const known = only ?? [...table.names(), ...listNames(disk, `${root}/queue`)];
    for (const endpoint of new Set(known)) {
      const queue = table.find(endpoint);
      if (queue?.reader?.isIdle() && !queue.isOwned) readers.close(queue);
      if (queue?.reader === undefined) reloadClosed(endpoint, { isKept: only === undefined });
      else reloadOpen(queue);
    }
  };
}
