import type { Disk } from '../disk/disk.js';
import { type BatchText, openBatchText } from './batch-text.js';

/** Maximum number of open batches. */
const maxOpen = 16;

/** Batches that are open: endpoints that share a batch read it together. */
export interface BatchTexts {
  /**
   * The batch of that path, or why it cannot be read; open until others have taken its place. One that was looked at just
   * now is not looked for again.
   * @throws the errno of an error that may pass
   */
  open(path: string): ReturnType<typeof openBatchText>;
  /** The same, as it is at this moment. */
  look(path: string): ReturnType<typeof openBatchText>;
  /** A batch was removed: another may get its path, and what has no name any more is closed, which frees its space. */
  removed(): void;
  close(): void;
}

/** Time between two looks whether a batch is still there, in ms: a person may have removed it. */
const lookEveryMs = 50;

/** None is open. @param now ms since the epoch */
export function createBatchTexts(disk: Disk, now: () => number): BatchTexts {
  let last: { path: string; at: number; opened: ReturnType<typeof openBatchText> } | undefined;
  /** By inode, the one used longest ago first. */
  const open = new Map<number, BatchText>();

  function keep(text: BatchText): void {
    open.delete(text.stat.ino);
    open.set(text.stat.ino, text);
    for (const [ino, oldest] of open) {
      if (open.size <= maxOpen) break;
      open.delete(ino);
      oldest.close();
    }
  }

  function lookFor(path: string): ReturnType<typeof openBatchText> {
    const there = disk.lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) return { kind: 'gone' };
    let known = open.get(there.ino);
    if (known !== undefined && known.stat.size !== there.size) {
      open.delete(there.ino); // it was written to since
      known.close();
      known = undefined;
    }
    const opened = known ? { kind: 'open' as const, text: known } : openBatchText(disk, path);
    if (opened.kind === 'open') keep(opened.text);
    return opened;
  }

  return {
    open(path) {
      const at = now();
      if (last?.path !== path || Math.abs(at - last.at) >= lookEveryMs)
        last = { path, at, opened: lookFor(path) };
      return last.opened;
    },
    look: lookFor,
    removed() {
      last = undefined;
      for (const [ino, text] of open) {
        if (text.isNamed()) continue;
        open.delete(ino);
        text.close();
      }
    },
    close() {
      last = undefined;
      for (const text of open.values()) text.close();
      open.clear();
    },
  };
}
