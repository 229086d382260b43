/** The one batch of `incoming/` that is being checked, opened so that nobody else can change what is read. */

import { type BatchText, openBatchText } from '../batch/batch-text.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import type { Stillness } from '../disk/stillness.js';
import { copyDurably, discard } from '../disk/write-file.js';
import { isOurs } from '../placing/place-file.js';

export interface OpenBatch {
  name: string;
  /** Of the file in `incoming/`. */
  ino: number;
  size: number;
  mtimeMs: number;
  text: BatchText;
  /** The file that is read: the same, or a copy. */
  source: string;
  /** Where the next line begins, in bytes, and its number. */
  offset: number;
  line: number;
  /** Events so far. */
  count: number;
}

/** Why there is no batch to check. */
export type NotOpened = { kind: 'gone' | 'changing' } | { kind: 'unfit'; reason: string };

/**
 * Opens a batch. One that others could still change is copied, and the copy is read; one without the number of its events
 * must be still.
 * @throws the errno of what failed
 */
export function openBatch(
  disk: Disk,
  root: string,
  { name, stillness, token }: { name: string; stillness: Stillness; token(): string },
): OpenBatch | NotOpened {
  const path = `${root}/incoming/${name}`;
  const opened = openBatchText(disk, path);
  if (opened.kind === 'gone') return { kind: 'gone' };
  if (opened.kind === 'unreadable') return { kind: 'unfit', reason: opened.reason };
  let { text } = opened;
  const { ino, size, mtimeMs } = text.stat;
  const isCounted = text.header.ok && text.header.events !== undefined;
  if (!isCounted && !stillness.isStill(name, { path, reason: 'more lines may come' })) {
    text.close();
    return { kind: 'changing' };
  }
  let source = path;
  if (!isOurs(text.stat)) {
    text.close();
    source = `${root}/tmp/${token()}`;
    copyDurably(disk, path, { to: source, mode: privateFile });
    const copied = openBatchText(disk, source);
    if (copied.kind !== 'open') {
      discard(disk, source);
      return { kind: 'unfit', reason: copied.kind === 'unreadable' ? copied.reason : 'it is gone' };
    }
    text = copied.text;
  }
  return { name, ino, size, mtimeMs, text, source, offset: text.begin, line: 1, count: 0 };
}

/** Closes a batch, and removes its copy unless that is kept. */
export function closeBatch(
  disk: Disk,
  root: string,
  { batch, keep }: { batch: OpenBatch; keep: boolean },
): void {
  batch.text.close();
  if (!keep && batch.source !== `${root}/incoming/${batch.name}`) discard(disk, batch.source);
}

/** Whether the file in `incoming/` is another one than when the check began, or was written to. */
export function hasChanged(disk: Disk, root: string, { name, ino, size, mtimeMs }: OpenBatch): boolean {
  const stat = disk.lstatSync(`${root}/incoming/${name}`, { throwIfNoEntry: false });
  return stat?.ino !== ino || stat.size !== size || stat.mtimeMs !== mtimeMs;
}
