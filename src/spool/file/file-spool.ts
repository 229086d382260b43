/**
 * The spool as a directory of files (`docs/spool-format.md`). A directory is a
 * state, a change of state is one system call, and a file that is
 * missing was moved or removed by another process. What is needed only with a
 * drain's side is loaded then: most drains of a cron job find nothing to do.
 */
import { type CapnhookError, errnoOf } from '../../shared/errors.js';
import type { DrainMode, JoinResult, Spool } from '../spool.js';
import { createFileInbox } from './accept/file-inbox.js';
import { bindSpool } from './binding.js';
import { writeRequest } from './control/requests.js';
import { type Disk, systemDisk } from './disk/disk.js';
import { spoolError } from './disk/spool-error.js';
import { isIdle } from './idle.js';
import { keepArchive } from './importing/archive-files.js';
import type { LockOptions } from './lock/lock.js';
import { createQuestions } from './questions.js';
import { ensureSpool } from './setup/create.js';
import { forOwner } from './setup/for-owner.js';
import { restoreUnclaimed } from './unclaimed/restore-unclaimed.js';
import { createUpkeep } from './upkeep.js';

export interface FileSpoolOptions {
  /** ms since the epoch. */
  now(): number;
  /** Random bytes, this many. */
  random(bytes: number): Uint8Array;
  disk?: Disk;
  takeKernelLock?: LockOptions['takeKernelLock'];
  /** Maximum number of names of deliveries that a drain holds in memory. */
  maxNames?: number;
  /** How long an entry of `incoming/` must be still before it is put aside, in ms; default 1,000. */
  stillMs?: number;
  /** Maximum number of names in one listing of `incoming/`; default 65,536. */
  listed?: number;
}

/** A spool in the directory `root`, which is made when it is first needed. */
export function createFileSpool(root: string, options: FileSpoolOptions): Spool {
  const { now, random, disk: given = systemDisk, takeKernelLock, maxNames, stillMs, listed } = options;
  const disk = forOwner(given, root);

  function token(): string {
    return Buffer.from(random(8)).toString('hex');
  }

  /** Does work; errors of the system become messages. @param doing as in "Cannot <doing>: …" */
  async function worded<T>(doing: string, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw inWords(error, doing);
    }
  }

  function inWords(error: unknown, doing = 'drain the spool'): CapnhookError {
    return spoolError(error, { doing, root, otherwise: 'SPOOL_WRITE' });
  }

  async function join(mode: DrainMode): Promise<JoinResult> {
    const { joinSpool } = await import('./drain-side/join-spool.js');
    return joinSpool(disk, root, {
      mode,
      now,
      random: () => random(10),
      token,
      takeKernelLock,
      stillMs,
      listed,
      maxNames,
      inWords,
    });
  }

  return {
    ...createQuestions(disk, root, { now }),
    ...createFileInbox(root, { random, disk: given }),
    ...createUpkeep(disk, root, { now }),
    async load() {
      await Promise.all([import('./inspection/inspection.js'), import('./purge/purge.js')]);
    },
    join: (mode) => worded('drain the spool', () => join(mode)),
    idle: ({ unclaimedKeepMs } = {}) =>
      worded('drain the spool', () => {
        ensureSpool(disk, root, { token: token() });
        return isIdle(disk, root, { now: now(), unclaimedKeepMs });
      }),
    restoreUnclaimed: ({ hook } = {}) =>
      worded('restore unclaimed events', () => restoreUnclaimed(disk, root, { hook, now: now() })),
    async keepArchive(pieces) {
      const name = token();
      try {
        ensureSpool(disk, root, { token: token() });
        await keepArchive(disk, root, { pieces, name, now: now() });
        return name;
      } catch (error) {
        throw errnoOf(error) === undefined ? error : inWords(error); // that of the pieces
      }
    },
    request: (request) =>
      worded('drain the spool', () => writeRequest(disk, root, { request, token: token() })),
    bind: (hooksFile, { again = false } = {}) =>
      worded('drain the spool', () => bindSpool(disk, root, { hooksFile, again, token: token() })),
  };
}
