/**
 * `hooks-file`: the path of the hooks file that the spool is drained with, as
 * it was named. Written once, durably; two that begin together agree on one.
 */
import { errnoOf } from '../../shared/errors.js';
import type { Disk } from './disk/disk.js';
import { privateFile } from './disk/layout.js';
import { linkNew } from './disk/link-new.js';
import { readEntry } from './disk/read-entry.js';
import { closeQuietly, discard, syncDirectory, writeDurably } from './disk/write-file.js';

const maxBytes = 64 * 1024;

/** What a disk without room or right to write says: the spool is bound by a later drain. */
const noRoom: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** The hooks file that the spool is bound to, if any. @throws the errno of a file that cannot be read just now */
export function readBinding(disk: Disk, root: string): string | undefined {
  const found = readEntry(disk, pathIn(root), { maxBytes });
  if (found.kind !== 'read') return undefined;
  const path = found.bytes.toString('utf8').replace(/\n$/, '');
  return path === '' ? undefined : path;
}

export interface BindOptions {
  /** The hooks file's absolute path. */
  hooksFile: string;
  /** Whether another one is replaced. */
  again: boolean;
  /** Names a temporary file, uniquely. */
  token: string;
}

/**
 * Binds the spool to a hooks file, unless it is bound already.
 * @returns the hooks file that it is bound to
 * @throws the errno of what failed; not where the disk is full, and the spool stays unbound
 */
export function bindSpool(disk: Disk, root: string, { hooksFile, again, token }: BindOptions): string {
  const known = readBinding(disk, root);
  if (known === hooksFile || (known !== undefined && !again)) return known;
  const temporary = `${root}/tmp/${token}`;
  try {
    const bytes = Buffer.from(`${hooksFile}\n`);
    closeQuietly(disk, writeDurably(disk, temporary, { bytes, mode: privateFile }));
  } catch (error) {
    if (noRoom.has(errnoOf(error) ?? '')) return hooksFile;
    throw error;
  }
  try {
    const isFree = disk.lstatSync(pathIn(root), { throwIfNoEntry: false }) === undefined;
    // What stands there without telling anything is replaced as well.
    if (again || !isFree) disk.renameSync(temporary, pathIn(root));
    else linkNew(disk, temporary, pathIn(root));
    syncDirectory(disk, root);
  } finally {
    discard(disk, temporary);
  }
  return readBinding(disk, root) ?? hooksFile;
}

function pathIn(root: string): string {
  return `${root}/hooks-file`;
}
