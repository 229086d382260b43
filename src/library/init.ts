import { type Environment, spoolPath } from '../config/paths.js';
import { randomBytes } from '../shared/machine/random.js';
import { systemDisk } from '../spool/file/disk/disk.js';
import { spoolError } from '../spool/file/disk/spool-error.js';
import { ensureSpool, restoreRooms } from '../spool/file/setup/create.js';
import { groupId } from './group.js';

export interface InitOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** A group whose members may fire into the spool, and nothing else. */
  group?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/**
 * Makes a spool ahead of its first use, or what is missing of one; with a group, one that its members may fire into.
 * @returns the spool's directory
 * @throws CapnhookError `SPOOL_CREATE`, `PERMISSION`; `USAGE` for a group that is not there
 */
export async function init({
  spool,
  group,
  env = process.env,
}: InitOptions = {}): Promise<{ spool: string }> {
  const root = spoolPath(env, spool);
  const token = Buffer.from(randomBytes(8)).toString('hex');
  const sharedWith = group === undefined ? undefined : await groupId(group);
  ensureSpool(systemDisk, root, { token, sharedWith });
  try {
    restoreRooms(systemDisk, root);
  } catch (error) {
    throw spoolError(error, { doing: 'create or open the spool', root, otherwise: 'SPOOL_CREATE' });
  }
  return { spool: root };
}
