/** `imports/<name>`: archives that are being imported. They are whole, checked and durable before a drain is asked to import them. */
import type { Disk } from '../disk/disk.js';
import { privateDir, privateFile, tmpAgeMs } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import {
  abandon,
  closeQuietly,
  createFile,
  discard,
  ensureDirectory,
  removeIfThere,
  syncDirectory,
  writeAll,
} from '../disk/write-file.js';

/** The path of an archive. */
export function archivePath(root: string, name: string): string {
  return `${root}/imports/${name}`;
}

/**
 * Writes an archive durably. Nothing of it is left where that fails, or where the pieces do.
 * @param options.name unique
 * @throws the errno of what failed; what the pieces throw
 */
export async function keepArchive(
  disk: Disk,
  root: string,
  { pieces, name, now }: { pieces: AsyncIterable<Uint8Array>; name: string; now: number },
): Promise<void> {
  const temporary = `${root}/tmp/${name}.import`;
  const fd = createFile(disk, temporary, { pieces: [], mode: privateFile });
  try {
    for await (const piece of pieces) writeAll(disk, fd, piece);
    disk.fsyncSync(fd);
  } catch (error) {
    abandon(disk, temporary, fd);
    throw error;
  }
  closeQuietly(disk, fd);
  const imports = `${root}/imports`;
  if (ensureDirectory(disk, imports, privateDir)) syncDirectory(disk, root);
  removeLeft(disk, root, now);
  disk.renameSync(temporary, archivePath(root, name));
  syncDirectory(disk, imports);
}

/** An archive was imported, or is not to be. @throws the errno of what failed */
export function removeArchive(disk: Disk, root: string, name: string): void {
  removeIfThere(disk, archivePath(root, name));
}

/** Archives whose import was ended before it was asked for; a request that waits has its own. */
function removeLeft(disk: Disk, root: string, now: number): void {
  const waiting = listNames(disk, `${root}/control`).length > 0;
  if (waiting) return;
  for (const name of listNames(disk, `${root}/imports`)) {
    const stat = disk.lstatSync(archivePath(root, name), { throwIfNoEntry: false });
    if (stat !== undefined && now - stat.mtimeMs > tmpAgeMs) discard(disk, archivePath(root, name));
  }
}
