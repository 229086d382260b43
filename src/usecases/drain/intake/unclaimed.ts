/** Events that nobody is registered for: kept or dropped, reported, and removed when they were kept for long enough. */
import { CapnhookError } from '../../../shared/errors.js';
import type { RoutedEntry, Unclaimed } from '../../../spool/intake.js';
import type { ExpiredEvents } from '../../../spool/spool.js';
import type { DrainPorts, DrainSummary } from '../ports.js';
import type { Routing } from '../routing.js';
import {
  createUnclaimedReports,
  type UnclaimedReports,
  type UnclaimedReportsOptions,
} from './unclaimed-reports.js';

export interface UnclaimedEvents extends Pick<UnclaimedReports, 'flush'> {
  /** Whether an event is kept or dropped, and why nobody gets it; default: nobody is registered for it. */
  handlingOf(event: { hook?: string }, why?: string): Pick<RoutedEntry, 'why' | 'isDropped'>;
  /** Counts events that were just set apart; they are reported with the next `flush`. */
  add(unclaimed: Unclaimed): void;
  /** Removes what was kept for long enough; looks for it rarely. */
  expire(): Promise<void>;
}

export interface UnclaimedOptions extends UnclaimedReportsOptions {
  routing: Routing;
  summary: DrainSummary;
}

/** A drain that stays looks for what is to be removed this often, in ms, or four times within `keep`. */
const expiryMs = 3_600_000;

/** Makes the unclaimed events of a drain. */
export function createUnclaimedEvents(ports: DrainPorts, options: UnclaimedOptions): UnclaimedEvents {
  const { side, clock, journal, report } = ports;
  const { routing, summary } = options;
  const reports = createUnclaimedReports(ports, options);
  let expireAt = Number.NEGATIVE_INFINITY;

  /** Removes events; what cannot be removed now stays, and does not stop the drain. */
  async function expireNow(keepMs: number): Promise<readonly ExpiredEvents[]> {
    try {
      return await side.expireUnclaimed({ keepMs });
    } catch (error) {
      if (!(error instanceof CapnhookError) || !side.isValid()) throw error;
      report({ kind: 'unread', entry: { name: 'unclaimed', reason: error.message } });
      return [];
    }
  }

  return {
    handlingOf({ hook = 'it' }, why = `nobody is registered for ${hook}`) {
      return { why, isDropped: routing.unclaimed().isDropped };
    },
    add({ id, hook, events, isKept }) {
      summary.unclaimed += events;
      const time = new Date(clock.now()).toISOString();
      journal.write({ time, what: isKept ? 'unclaimed' : 'dropped', ...entryOf({ id, hook, events }) });
      report({ kind: 'set-apart', event: id, isKept, events, hook });
      if (isKept && hook !== undefined) reports.add(hook, events);
    },
    flush: reports.flush,
    async expire() {
      const now = clock.monotonic();
      if (now < expireAt) return;
      const { keepMs } = routing.unclaimed();
      expireAt = now + Math.min(expiryMs, Math.max(keepMs / 4, 1_000));
      await reports.prune();
      const expired = await expireNow(keepMs);
      const time = new Date(clock.now()).toISOString();
      for (const each of expired) journal.write({ time, what: 'expired', ...entryOf(each) });
      const events = expired.reduce((sum, each) => sum + each.events, 0);
      if (events > 0) report({ kind: 'expired', events, keepMs });
    },
  };
}

/** How the journal names an event, or the events of a batch. */
function entryOf({ id, hook, events }: { id: string; hook?: string | undefined; events: number }): {
  event: string;
  hook?: string;
  count?: number;
} {
  const entry: { event: string; hook?: string; count?: number } = { event: id };
  if (hook !== undefined) entry.hook = hook;
  if (events > 1) entry.count = events;
  return entry;
}
