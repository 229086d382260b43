import { sentDefaults } from '../../endpoint/endpoint.js';
import { isWorthKeeping } from '../../endpoint/health.js';
import { createFileJournal } from '../../journal/file-journal.js';
import type { Journal } from '../../journal/journal.js';
import { pruneJournal } from '../../journal/prune-journal.js';
import type { LiveHooks } from '../../routing/live-hooks.js';
import type { Clock } from '../../shared/clock.js';
import type { Spool } from '../../spool/spool.js';
import { expireDead } from '../../usecases/drain/expire-dead.js';
import type { Notice } from '../../usecases/drain/ports.js';

export interface TidyPlace {
  /** The spool's directory. */
  root: string;
  hooks: LiveHooks;
  clock: Clock;
  report(notice: Notice): void;
}

/**
 * Removes old days of the journal and of what was delivered, what has been dead for longer than the hooks file says, and
 * the health of endpoints that were removed long ago.
 */
export async function tidySpool(spool: Spool, { root, hooks, clock, report }: TidyPlace): Promise<void> {
  const now = clock.now();
  pruneJournal(`${root}/journal`, { now, keepMs: () => hooks.current().journalKeepMs });
  await spool.pruneSent((endpoint) => {
    const { endpoints, defaults } = hooks.current();
    return ((endpoints.get(endpoint) ?? defaults).sent ?? sentDefaults).keepMs;
  });
  const openJournal = (): Journal => createFileJournal(`${root}/journal`, () => {});
  await expireDead({ spool, clock, openJournal, report }, () => hooks.current().deadKeepMs);
  await spool.pruneHealth((endpoint, read) => {
    if (hooks.current().endpoints.has(endpoint)) return true;
    const { health, savedAt } = read();
    return isWorthKeeping(health, { savedAt, now });
  });
}
