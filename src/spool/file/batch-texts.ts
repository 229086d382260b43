import { type BatchText, openBatchText } from './batch-text.js';
import type { Disk } from './disk.js';

/** So many batches are kept open. */
const maxOpen = 16;

/** Batches that are open: endpoints that share a batch read it together. */
export interface BatchTexts {
  /** The batch with that inode, if it is open. */
  of(ino: number): BatchText | undefined;
  /**
   * The batch of that path, or why there is none; open until others have taken its place.
   * @throws the errno of an error that may pass
   */
  open(path: string): ReturnType<typeof openBatchText>;
  close(): void;
}

/** None is open. */
export function createBatchTexts(disk: Disk): BatchTexts {
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

  return {
    of: (ino) => open.get(ino),
    open(path) {
      const ino = disk.lstatSync(path, { throwIfNoEntry: false })?.ino;
      if (ino === undefined) return { kind: 'gone' };
      const known = open.get(ino);
      const opened = known ? { kind: 'open' as const, text: known } : openBatchText(disk, path);
      if (opened.kind === 'open') keep(opened.text);
      return opened;
    },
    close() {
      for (const text of open.values()) text.close();
      open.clear();
    },
  };
}
