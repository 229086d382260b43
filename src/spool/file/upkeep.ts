/** What removes entries, and forgets what was kept long enough, without joining the spool. */
import { type CapnhookError, ignoreErrno } from '../../shared/errors.js';
import type { Spool } from '../spool.js';
import type { Disk } from './disk/disk.js';
import { listNames } from './disk/list-names.js';
import { spoolError } from './disk/spool-error.js';
import { expiryEveryMs, isSweepDue } from './disk/sweep-mark.js';
import { pruneHealth } from './endpoints/prune-health.js';
import { removeEntries } from './remove-entries.js';
import { pruneSent } from './sent/prune-sent.js';

/** The methods of a spool that remove what no drain has to do with. */
export type Upkeep = Pick<Spool, 'purge' | 'expireDead' | 'pruneHealth' | 'pruneSent' | 'remove'>;

/** Makes the methods that remove. @param now ms since the epoch */
export function createUpkeep(disk: Disk, root: string, { now }: { now(): number }): Upkeep {
  function inWords(error: unknown): CapnhookError {
    return spoolError(error, { doing: 'purge the spool', root, otherwise: 'SPOOL_WRITE' });
  }

  return {
    async *purge(request) {
      const { purge } = await import('./purge/purge.js');
      try {
        yield* purge(disk, root, { request, now });
      } catch (error) {
        throw inWords(error);
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
        throw inWords(error);
      }
    },
    async pruneHealth(isNeeded) {
      try {
        pruneHealth(disk, root, { isNeeded, start: Math.random() });
      } catch (error) {
        ignoreErrno(error); // history only
      }
    },
    pruneSent: (keepMsOf) => pruneSent(disk, root, { now: now(), keepMsOf }),
    async remove(places) {
      try {
        return await removeEntries(disk, root, places);
      } catch (error) {
        throw inWords(error);
      }
    },
  };
}
