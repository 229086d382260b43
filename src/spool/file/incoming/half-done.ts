import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { sameBatchFile } from '../batch/same-batch-file.js';
import { sameEvent } from '../batch/same-event.js';
import type { Disk } from '../disk/disk.js';
import { readEntry } from '../disk/read-entry.js';

export interface HalfDoneCheck {
  /** Whether an entry of `incoming/` holds the same event, or batch, as the file of a delivery at `path`. */
  isHalfDone(name: string, path: string): boolean;
  /** Forgets which batches were compared. */
  clear(): void;
}

/** Makes a check whether a delivery comes from an entry that is still in `incoming/`: its intake was cut short. */
export function createHalfDoneCheck(disk: Disk, root: string): HalfDoneCheck {
  /** Whether an entry, by its inode, is the batch at a path: asked for each event of it, and compared once. */
  const compared = new Map<string, boolean>();

  function isSameBatch(entry: string, path: string, ino: number): boolean {
    const key = `${ino} ${path}`;
    const known = compared.get(key) ?? sameBatchFile(disk, entry, path) ?? false;
    compared.set(key, known);
    return known;
  }

  function holdsSameEvent(a: string, b: string): boolean {
    const [one, other] = [a, b].map((path) => readEntry(disk, path, { maxBytes: maxEventFileBytes }));
    if (one?.kind !== 'read' || other?.kind !== 'read') return false;
    if (one.stat.ino === other.stat.ino) return true;
    return sameEvent(parseEvent(one.bytes), parseEvent(other.bytes));
  }

  return {
    isHalfDone(name, path) {
      const entry = `${root}/incoming/${name}`;
      const there = disk.lstatSync(entry, { throwIfNoEntry: false });
      if (there === undefined) return false;
      return name.endsWith('.jsonl') ? isSameBatch(entry, path, there.ino) : holdsSameEvent(entry, path);
    },
    clear: () => compared.clear(),
  };
}
