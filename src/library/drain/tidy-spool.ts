import { sentDefaults } from '../../endpoint/endpoint.js';
import { isWorthKeeping } from '../../endpoint/health.js';
import { pruneJournal } from '../../journal/prune-journal.js';
import type { LiveHooks } from '../../routing/live-hooks.js';
import type { Clock } from '../../shared/clock.js';
import type { Spool } from '../../spool/spool.js';

/** Removes old days of the journal and of what was delivered, and the health of endpoints that were removed long ago. */
export async function tidySpool(
  spool: Spool,
  { root, hooks, clock }: { root: string; hooks: LiveHooks; clock: Clock },
): Promise<void> {
  const now = clock.now();
  pruneJournal(`${root}/journal`, { now, keepMs: () => hooks.current().journalKeepMs });
  await spool.pruneSent((endpoint) => {
    const { endpoints, defaults } = hooks.current();
    return ((endpoints.get(endpoint) ?? defaults).sent ?? sentDefaults).keepMs;
  });
  await spool.pruneHealth((endpoint, read) => {
    if (hooks.current().endpoints.has(endpoint)) return true;
    const { health, savedAt } = read();
    return isWorthKeeping(health, { savedAt, now });
  });
}
