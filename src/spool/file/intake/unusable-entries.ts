/** Entries of `incoming/` that are not events: each is moved to `corrupt/`, once nobody is writing to it. */
import { errnoOf } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { putAside, type RawPath } from '../disk/put-aside.js';
import type { Stillness } from '../disk/stillness.js';
import { nameOfOdd } from '../incoming/listing.js';
import { postpone, type StayingEntries, type Step } from './step.js';

/** What says that an entry cannot be moved by this user: it is a mount, or a directory of another user's. */
const immovableErrnos: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EBUSY', 'EXDEV']);

export interface UnusableEntries {
  /**
   * Quarantines an entry, or leaves it for now where another program may still be writing it.
   * @param entry.readMs how long reading it took
   * @throws the errno of a failed look or move
   */
  quarantine(step: Step, entry: { path: string; reason: string; readMs?: number }): undefined;
  /** Does the same with an entry whose name is not UTF-8; an error of it is kept. */
  quarantineOdd(step: Step, raw: Buffer): void;
}

export function createUnusableEntries(
  disk: Disk,
  root: string,
  { stillness, staying }: { stillness: Stillness; staying: StayingEntries },
): UnusableEntries {
  const incoming = `${root}/incoming`;
  const { postponed } = staying;

  function move(step: Step, entry: { path: RawPath; name: string; reason: string }): void {
    try {
      const moved = putAside(disk, root, entry);
      if (moved !== undefined) step.quarantined.push(moved);
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (!immovableErrnos.has(errno)) throw error;
      const { name, reason } = entry;
      postponed.keepImmovable({ name, reason: `${reason}, and it cannot be moved to corrupt/ (${errno})` });
    }
  }

  return {
    quarantine(step, { path, reason, readMs = 0 }) {
      const name = path.slice(incoming.length + 1);
      if (stillness.isStill(name, { path, reason, readMs })) move(step, { path, name, reason });
    },
    quarantineOdd(step, raw) {
      const name = nameOfOdd(raw);
      if (postponed.has(name)) return;
      const path = Buffer.concat([Buffer.from(`${incoming}/`), raw]);
      const reason = 'its name is not UTF-8';
      try {
        if (stillness.isStill(name, { path, reason })) move(step, { path, name, reason });
      } catch (error) {
        postpone(staying, { step, name, error });
      }
    },
  };
}
