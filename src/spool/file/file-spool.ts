/**
 * The spool as a directory of files (`docs/spool-format.md`). A directory is a
 * state, a change of state is one system call, and a file that is
 * missing was moved or removed by another process. What is needed only with a
 * lease is loaded then: most drains of a cron job find nothing to do.
 */
import { type CapnhookError, errnoOf, ignoreErrno } from '../../shared/errors.js';
import type { Spool } from '../spool.js';
import { createFileInbox } from './accept/file-inbox.js';
import { bindSpool, readBinding } from './binding.js';
import { hasRequest, requestProgress, writeRequest } from './control/requests.js';
import { type Disk, systemDisk } from './disk/disk.js';
import { spoolError } from './disk/spool-error.js';
import { readBacklog } from './endpoints/backlog.js';
import { pruneHealth } from './endpoints/prune-health.js';
import { isIdle } from './idle.js';
import { countIncoming } from './incoming/incoming.js';
import { createFileInspection } from './inspection/inspection.js';
import { isHeld, type LockOptions, readHolder } from './lock/lock.js';
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

  function unreadable(error: unknown): CapnhookError {
    return spoolError(error, { doing: 'read the spool', root, otherwise: 'SPOOL_WRITE' });
  }

  const inspection = createFileInspection(disk, root, now);

  async function* readable<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw unreadable(error);
    }
  }

  return {
    inspection: {
      entries: (query) => readable(inspection.entries(query)),
      quarantined: () => readable(inspection.quarantined()),
    },
    ...createFileInbox(root, { random, disk: given }),
    async lease(mode) {
      const { takeLease } = await import('./lease/take-lease.js');
      try {
        return await takeLease(disk, root, {
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
    async pruneHealth(isNeeded) {
      try {
        pruneHealth(disk, root, { isNeeded, start: Math.random() });
      } catch (error) {
        ignoreErrno(error); // history only
      }
    },
    async holder(options) {
      try {
        return readHolder(root, options);
      } catch (error) {
        throw unreadable(error);
      }
    },
    async isHeld() {
      try {
        return isHeld(root);
      } catch (error) {
        throw unreadable(error);
      }
    },
    async *survey(request) {
      const { survey } = await import('./lease/survey.js');
      try {
        yield* survey(disk, root, { request, now });
      } catch (error) {
        throw unreadable(error);
      }
    },
    async request(request) {
      try {
        writeRequest(disk, root, { request, token: token() });
      } catch (error) {
        throw inWords(error);
      }
    },
    async hasRequest(id) {
      try {
        return hasRequest(disk, root, id);
      } catch (error) {
        throw unreadable(error);
      }
    },
    async requestProgress(id) {
      try {
        return requestProgress(disk, root, id);
      } catch (error) {
        throw unreadable(error);
      }
    },
    async boundTo() {
      try {
        return readBinding(disk, root);
      } catch (error) {
        throw unreadable(error);
      }
    },
    async bind(hooksFile, { again = false } = {}) {
      try {
        return bindSpool(disk, root, { hooksFile, again, token: token() });
      } catch (error) {
        throw inWords(error);
      }
    },
    backlog: (endpoint) => readable(readBacklog(disk, root, endpoint)),
    async waiting() {
      try {
        return countIncoming(disk, root);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return 0; // there is no spool yet
        throw unreadable(error);
      }
    },
  };
}
