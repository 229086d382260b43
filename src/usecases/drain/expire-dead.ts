import type { Journal } from '../../journal/journal.js';
import type { Clock } from '../../shared/clock.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Spool } from '../../spool/spool.js';
import { purgedLine } from '../purged-line.js';
import type { Notice } from './ports.js';

export interface ExpireDeadPorts {
  spool: Pick<Spool, 'expireDead'>;
  clock: Pick<Clock, 'now'>;
  /** Opens the journal; it is closed afterwards. */
  openJournal(): Journal;
  report(notice: Notice): void;
}

/**
 * Removes what has been dead for longer than `keepMs` (nothing, where it is undefined), with a line in the journal for
 * each, and reports how much it was. What cannot be removed is tried again later.
 */
export async function expireDead(
  { spool, clock, openJournal, report }: ExpireDeadPorts,
  keepMs: () => number | undefined,
): Promise<void> {
  let count = 0;
  const journal = openJournal();
  try {
    for await (const entry of spool.expireDead({ keepMs })) {
      if (entry.problem !== undefined) continue; // a directory, of which purge tells
      count += entry.events;
      journal.write(purgedLine(entry, clock.now()));
    }
  } catch (error) {
    if (!(error instanceof CapnhookError)) throw error;
    report({ kind: 'unread', entry: { name: 'dead', reason: error.message } });
  } finally {
    journal.close();
  }
  if (count > 0) report({ kind: 'purged', count, keepMs: keepMs() ?? 0 });
}
