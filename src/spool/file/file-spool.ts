/**
 * The spool as a directory of files (`docs/spool-format.md`). A directory is a
 * state, a change of state is one system call, and a file that is
 * missing was moved or removed by another process. What is needed only with a
 * drain's side is loaded then: most drains of a cron job find nothing to do.
 */
import { type CapnhookError, errnoOf, ignoreErrno } from '../../shared/errors.js';
import type { Spool } from '../spool.js';
import { createFileInbox } from './accept/file-inbox.js';
import { bindSpool } from './binding.js';
import { writeRequest } from './control/requests.js';
import { type Disk, systemDisk } from './disk/disk.js';
import { listNames } from './disk/list-names.js';
import { spoolError } from './disk/spool-error.js';
import { expiryEveryMs, isSweepDue } from './disk/sweep-mark.js';
import { pruneHealth } from './endpoints/prune-health.js';
import { isIdle } from './idle.js';
import { keepArchive } from './importing/archive-files.js';
import type { LockOptions } from './lock/lock.js';
import { createQuestions } from './questions.js';
import { removeEntries } from './remove-entries.js';
import { pruneSent } from './sent/prune-sent.js';
import { ensureSpool } from './setup/create.js';
import { forOwner } from './setup/for-owner.js';
import { restoreUnclaimed } from './unclaimed/restore-unclaimed.js';

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

  function inWords(error: unknown): CapnhookError {
    return spoolError(error, { doing: 'drain the spool', root, otherwise: 'SPOOL_WRITE' });
  }

  return {
    ...createQuestions(disk, root, { now }),
    ...createFileInbox(root, { random, disk: given }),
    async join(mode) {
      const { joinSpool } = await import('./drain-side/join-spool.js');
      try {
        return await joinSpool(disk, root, {
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
      } catch (error) {
        throw inWords(error);
      }
    },
    async idle({ unclaimedKeepMs } = {}) {
      try {
        ensureSpool(disk, root, { token: token() });
        return isIdle(disk, root, { now: now(), unclaimedKeepMs });
      } catch (error) {
        throw inWords(error);
      }
    },
    async restoreUnclaimed(options = {}) {
      try {
        return restoreUnclaimed(disk, root, { hook: options.hook, now: now() });
      } catch (error) {
        throw spoolError(error, { doing: 'restore unclaimed events', root, otherwise: 'SPOOL_WRITE' });
      }
    },
    async *purge(request) {
      const { purge } = await import('./purge/purge.js');
      try {
        yield* purge(disk, root, { request, now });
      } catch (error) {
        throw spoolError(error, { doing: 'purge the spool', root, otherwise: 'SPOOL_WRITE' });
      }
    },
    async *expireDead({ keepMs }) {
      const dead = `${root}/dead`;
      try {
        const ms = listNames(disk, dead).length === 0 ? undefined : keepMs();
        if (ms === undefined) return;
        if (!isSweepDue(disk, dead, { everyMs: expiryEveryMs(ms), now: now() })) return;
        const { expireDead } = await import('./purge/purge.js');
        yield* expireDead(disk, root, { keepMs: ms, now });
      } catch (error) {
        throw spoolError(error, { doing: 'purge the spool', root, otherwise: 'SPOOL_WRITE' });
      }
    },
    async pruneHealth(isNeeded) {
      try {
        pruneHealth(disk, root, { isNeeded, start: Math.random() });
      } catch (error) {
        ignoreErrno(error); // history only
      }
    },
    async keepArchive(pieces) {
      const name = token();
      try {
        ensureSpool(disk, root, { token: token() });
        await keepArchive(disk, root, { pieces, name, now: now() });
        return name;
      } catch (error) {
        throw errnoOf(error) === undefined ? error : inWords(error);
      }
    },
    async remove(places) {
      try {
        return await removeEntries(disk, root, places);
      } catch (error) {
        throw inWords(error);
      }
    },
    pruneSent: (keepMsOf) => pruneSent(disk, root, { now: now(), keepMsOf }),
    async request(request) {
      try {
        writeRequest(disk, root, { request, token: token() });
      } catch (error) {
        throw inWords(error);
      }
    },
    async bind(hooksFile, { again = false } = {}) {
      try {
        return bindSpool(disk, root, { hooksFile, again, token: token() });
      } catch (error) {
        throw inWords(error);
      }
    },
  };
}
