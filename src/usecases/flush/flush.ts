/** Flushing: what is queued goes to `dead/`. */
import type { Journal } from '../../journal/journal.js';
import type { Clock } from '../../shared/clock.js';
import { isoTime } from '../../shared/iso-time.js';
import type { Discarded, DiscardRequest, EntryProblem, Spool } from '../../spool/spool.js';
import { busy } from '../busy.js';
import { countFlushable, type FlushablePorts } from './count-flushable.js';

export interface FlushPorts extends FlushablePorts {
  spool: Pick<Spool, 'survey' | 'join'>;
  clock: Pick<Clock, 'now'>;
  /** Opens the journal; it is closed after the flush. */
  openJournal(): Journal;
}

/** What `flush` has moved to `dead/`. */
export interface Dropped {
  /** Events that were not fanned out yet. */
  events: number;
  deliveries: number;
  /** Entries that could not be read, and were moved to `corrupt/`. */
  corrupt: readonly EntryProblem[];
}

/**
 * Moves what is queued to `dead/`: events not fanned out yet, and deliveries waiting or to be tried again. Dead and
 * corrupt entries stay.
 * @param hook only events of this hook; default: all
 * @throws CapnhookError as {@link countFlushable}; `BUSY` while a drain is running
 */
export async function flushQueued(ports: FlushPorts, hook: string | undefined): Promise<Dropped> {
  const result = await ports.spool.join('flush');
  if (!result.joined) {
    if (hook !== undefined) await countFlushable(ports, hook); // an unknown hook stays unknown after the drain
    throw busy('flush', result.by);
  }
  const journal = ports.openJournal();
  const time = isoTime(ports.clock.now());
  try {
    const request = requestOf(hook, time);
    const dropped = await discardAll(request, (discard) => result.side.discard(discard));
    for (const { name, reason } of dropped.corrupt)
      journal.write({ time, what: 'corrupt', event: name, error: reason });
    const count = dropped.events + dropped.deliveries;
    if (count > 0) journal.write({ time, what: 'dropped', hook, count });
    else if (hook !== undefined) await countFlushable(ports, hook); // refuses an unknown one
    return dropped;
  } finally {
    journal.close();
    await result.side.close();
  }
}

function requestOf(hook: string | undefined, time: string): DiscardRequest {
  return {
    select: hook === undefined ? {} : { hook },
    incoming: true,
    why: { reason: 'flushed', message: 'it was flushed', time },
  };
}

async function discardAll(
  request: DiscardRequest,
  discard: (request: DiscardRequest) => Promise<Discarded>,
): Promise<Dropped> {
  const corrupt: EntryProblem[] = [];
  let [events, deliveries, isDone] = [0, 0, false];
  while (!isDone) {
    const step = await discard(request);
    for (const entry of step.entries) {
      if (entry.endpoint === undefined) events += entry.events;
      else deliveries += entry.events;
    }
    corrupt.push(...step.quarantined);
    isDone = step.isDone;
  }
  return { events, deliveries, corrupt };
}
