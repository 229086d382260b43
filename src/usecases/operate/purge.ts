/** Purging: what is dead, unclaimed, sent or corrupt is removed for good, with a line in the journal. */
import type { Journal } from '../../journal/journal.js';
import type { Clock } from '../../shared/clock.js';
import { CapnhookError } from '../../shared/errors.js';
import type { EntryState } from '../../spool/inspection.js';
import type { EntryProblem, PurgeRequest, PurgeRoom, Spool } from '../../spool/spool.js';
import type { HooksLoader } from '../hooks-reader.js';
import { purgedLine } from '../purged-line.js';
import { wholeIds } from './event-ids.js';
import { checkedTime, type Named, selecting } from './selecting.js';

export interface PurgePorts {
  spool: Pick<Spool, 'purge' | 'backlog' | 'inspection'>;
  hooks: HooksLoader;
  clock: Pick<Clock, 'now'>;
  /** Opens the journal; it is closed afterwards. */
  openJournal(): Journal;
}

/** What is to be removed. */
export interface NamedPurge extends Pick<Named, 'targets' | 'hook' | 'ids'> {
  /** From where: at least one. */
  rooms: readonly PurgeRoom[];
  /** What has been there since an earlier time than this, ms since the epoch. Default: all. */
  before?: number | undefined;
}

export interface PurgeOptions {
  /** Removes nothing, and returns what would be removed; default false. */
  dryRun?: boolean | undefined;
  /** Called after each entry, with the number of events that were removed so far. */
  onProgress?: ((removed: number) => void) | undefined;
}

/** What was removed, or would be. */
export interface Purged {
  /** Events; each of a batch. */
  count: number;
  /** How many of them in each room; those without any are absent. */
  rooms: Readonly<Partial<Record<PurgeRoom, number>>>;
  /** Ids of the endpoints, sorted. */
  endpoints: readonly string[];
  /** What could not be removed; at most 100. */
  left: readonly EntryProblem[];
}

/** Maximum number of entries that are told because they are still there. */
const maxLeft = 100;

/**
 * Removes entries for good, beside a running drain too.
 * @throws CapnhookError `USAGE` without a room; `NO_INPUT` for an unknown endpoint or id; as the spool
 */
export async function purgeEntries(
  ports: PurgePorts,
  named: NamedPurge,
  { dryRun = false, onProgress }: PurgeOptions = {},
): Promise<Purged> {
  const { spool, clock } = ports;
  const request = await requestOf(ports, named);
  const rooms: Partial<Record<PurgeRoom, number>> = {};
  const endpoints = new Set<string>();
  const left: EntryProblem[] = [];
  const journal = ports.openJournal();
  let count = 0;
  try {
    for await (const entry of spool.purge({ ...request, isDry: dryRun })) {
      const { from, event, endpoint, events, problem } = entry;
      if (problem !== undefined) {
        if (left.length < maxLeft) left.push({ name: event, reason: problem });
        continue;
      }
      count += events;
      rooms[from] = (rooms[from] ?? 0) + events;
      if (endpoint !== undefined) endpoints.add(endpoint);
      onProgress?.(count);
      if (dryRun) continue;
      journal.write(purgedLine(entry, clock.now()));
    }
  } finally {
    journal.close();
  }
  return { count, rooms, endpoints: [...endpoints].sort(), left };
}

async function requestOf(ports: PurgePorts, named: NamedPurge): Promise<PurgeRequest> {
  const { rooms, before, ids, ...others } = named;
  const doing = 'purge';
  if (rooms.length === 0)
    throw new CapnhookError('USAGE', 'Cannot purge: it is not said from where', {
      hint: 'Say --dead, --unclaimed, --sent or --corrupt, or several of them.',
    });
  const select = await selecting(ports, others, doing);
  if (ids !== undefined) select.ids = await idsIn(ports, { rooms, ids });
  const request: PurgeRequest = { rooms, select };
  if (before !== undefined) request.before = checkedTime(before, { name: 'before', doing });
  return request;
}

/** What is corrupt has names that are no ids: only where nothing else is meant they stay as they are. */
async function idsIn(
  { spool }: PurgePorts,
  { rooms, ids }: { rooms: readonly PurgeRoom[]; ids: readonly string[] },
): Promise<readonly string[]> {
  const states = rooms.filter((room): room is PurgeRoom & EntryState => room !== 'corrupt');
  return states.length === 0 ? ids : wholeIds(spool.inspection, ids, { states, doing: 'purge' });
}
