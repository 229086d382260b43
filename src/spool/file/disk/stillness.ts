/**
 * Which entries of `incoming/` may still be being written. One is still when its size and both of its times have not
 * changed for a second: as seen by this drain, or by its age. A copy that keeps an old mtime (`cp -p`) has a new ctime;
 * a ctime later than the mtime proves nothing, since a rename and a write can fall into one tick of the clock.
 */
import { monotonicMs } from '../../../shared/monotonic.js';
import type { Changing } from '../../intake.js';
import type { Disk } from './disk.js';
import type { RawPath } from './put-aside.js';

/** An entry that did not change for this long is taken as it is, in ms. */
export const defaultStillMs = 1_000;

/** By its age alone an entry is still after this many times as long: some file systems round times to 2 seconds. */
const ageTimes = 3;

/** A file that keeps growing is read again after this many times what reading it took. */
const rereadTimes = 20;

/** Maximum number of changing entries in one report, those first that were seen first. */
const mostWaitedFor = 256;

export interface Stillness {
  /**
   * Whether an entry has not been written to for a second. Otherwise it is remembered, with what is wrong with it.
   * @throws the errno of a failed look
   */
  isStill(name: string, entry: { path: RawPath; reason: string; readMs?: number }): boolean;
  /** Whether it is time to read an entry again; true for one that was not read yet. @throws the errno of a failed look */
  isDue(name: string, path: RawPath): boolean;
  /** The entry was taken in, or removed. */
  forget(name: string): void;
  /**
   * Forgets all but these, behind one name and up to another.
   * @param names asked for if any entry is remembered
   * @param range.upTo default: all behind `after`
   */
  keepOnly(names: () => Iterable<string>, range: { after: string; upTo: string | undefined }): void;
  /** Those that are waited for; {@link mostWaitedFor} at most. */
  all(): Changing[];
}

interface Watched {
  signature: string;
  reason: string;
  /** When it was first seen, when it last changed, and when it is to be read again at the earliest; monotonic ms. */
  firstAt: number;
  since: number;
  readAgainAt: number;
  /** Whether it was found to be still: it is not waited for any more. */
  isStill: boolean;
}

/**
 * Remembers which entries are being written.
 * @param options.now ms since the epoch
 * @param options.stillMs default {@link defaultStillMs}; 0 takes every entry as it is
 */
export function createStillness(disk: Disk, { now, stillMs }: { now(): number; stillMs: number }): Stillness {
  const watched = new Map<string, Watched>();

  function lookAt(path: RawPath): { signature: string; isOld: boolean } | undefined {
    const stat = disk.lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const { ino, size, mtimeMs, ctimeMs } = stat;
    // A time that has not come yet says nothing of its age.
    const isOld = now() - Math.max(mtimeMs, ctimeMs) >= ageTimes * stillMs;
    return { signature: `${ino} ${size} ${mtimeMs} ${ctimeMs}`, isOld };
  }

  return {
    isStill(name, { path, reason, readMs = 0 }) {
      const look = lookAt(path);
      const known = watched.get(name);
      const at = monotonicMs();
      const isSame = known?.signature === look?.signature;
      if (look === undefined || look.isOld || stillMs === 0) return true;
      const { firstAt, since } = known ?? { firstAt: at, since: at };
      const entry = { signature: look.signature, reason, firstAt, since: isSame ? since : at };
      const isStill = at - entry.since >= stillMs;
      watched.set(name, { ...entry, isStill, readAgainAt: at + rereadTimes * readMs });
      return isStill;
    },
    isDue(name, path) {
      const known = watched.get(name);
      if (known === undefined) return true;
      const at = monotonicMs();
      const look = lookAt(path);
      if (look === undefined) return true;
      if (look.signature === known.signature) return at - known.since >= stillMs;
      if (at >= known.readAgainAt) return true;
      known.signature = look.signature;
      known.since = at;
      known.isStill = false;
      return false;
    },
    forget(name) {
      watched.delete(name);
    },
    keepOnly(names, { after, upTo }) {
      if (watched.size === 0) return;
      const kept = new Set(names());
      for (const name of watched.keys()) {
        const isInRange = name > after && (upTo === undefined || name <= upTo);
        if (isInRange && !kept.has(name)) watched.delete(name);
      }
    },
    all() {
      const at = monotonicMs();
      const found: Changing[] = [];
      for (const [name, { reason, firstAt, since, isStill }] of watched) {
        if (isStill) continue;
        found.push({
          name,
          reason: `it is still being written (${reason})`,
          watchedMs: at - firstAt,
          againMs: Math.max(since + stillMs - at, 1),
        });
        if (found.length === mostWaitedFor) break;
      }
      return found;
    },
  };
}
