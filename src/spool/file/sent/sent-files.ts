/**
 * Keeping what was delivered: its file is renamed to `sent/` instead of being
 * removed, and an event of a batch gets a file of its own. It is best effort:
 * what cannot be kept is removed, as it must not be sent twice.
 */
import type { Event } from '../../../event/event.js';
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import type { DeliveryFiles } from '../deliveries/delivery-files.js';
import type { Disk } from '../disk/disk.js';
import type { Slot } from '../queue/slot.js';
import { createSentDirectories } from './sent-days.js';
import type { SentSizes } from './sent-sizes.js';

/** A delivery that was made, and how much may be kept of its endpoint, in bytes. */
export interface KeptDelivery {
  slot: Slot;
  event: Event;
  endpoint: string;
  maxBytes: number;
}

export interface SentFiles {
  /** Keeps a delivery that was made, or removes it; either holds after `kill -9` once this resolves. @throws the errno of what failed */
  keep(delivery: KeptDelivery): Promise<void>;
}

/** Makes what keeps the deliveries of a drain. @param options.now ms since the epoch */
export function createSentFiles(
  disk: Disk,
  root: string,
  {
    files,
    sizes,
    now,
  }: { files: Pick<DeliveryFiles, 'keep' | 'remove'>; sizes: SentSizes; now: () => number },
): SentFiles {
  const directories = createSentDirectories(disk, root, now);

  async function tryToKeep({ slot, event, endpoint }: KeptDelivery): Promise<string | undefined> {
    for (const isLast of [false, true]) {
      try {
        const directory = directories.ensure(endpoint);
        const name = `${event.id}.json`;
        if (await files.keep(slot, { event, directory, name })) return `${directory}/${name}`;
      } catch (error) {
        ignoreErrno(error);
        if (errnoOf(error) !== 'ENOENT' || isLast) return undefined;
      }
      directories.forget(); // a person may have removed them
    }
    return undefined;
  }

  return {
    async keep(delivery) {
      const { slot, endpoint, maxBytes } = delivery;
      const path = await tryToKeep(delivery);
      if (path === undefined) await files.remove(slot);
      else sizes.added(path, { endpoint, maxBytes });
    },
  };
}
