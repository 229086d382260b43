import { ignoreErrno } from '../../../shared/errors.js';
import { acceptedAt } from '../batch/delivery-file.js';
import type { Disk } from '../disk/disk.js';
import type { EntryStat } from '../disk/read-entry.js';
import { isOurs } from '../placing/place-file.js';

/** An event that was accepted longer ago than this, in ms, was not fired just now. */
const lateMs = 3_600_000;

/**
 * Gives an old file, or one of the future, the present as its time: `giveUpAfter` then counts from intake. The file of
 * another user's is left as it is.
 * @param event.now ms since the epoch
 * @returns the file's stat after that
 */
export function noteLate(
  disk: Disk,
  path: string,
  { id, stat, now }: { id: string; stat: EntryStat; now: number },
): EntryStat {
  const at = acceptedAt({ id, stat, now });
  const isAhead = at === now && stat.mtimeMs >= now + lateMs;
  if ((now - at < lateMs && !isAhead) || !isOurs(stat)) return stat;
  try {
    disk.utimesSync(path, now / 1000, now / 1000);
    return { ...stat, mtimeMs: now };
  } catch (error) {
    ignoreErrno(error); // then it may be given up earlier
    return stat;
  }
}
