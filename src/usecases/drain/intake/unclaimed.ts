/**
 * Events that nobody is registered for: each hook is reported once, until
 * somebody is registered for it or no event is unclaimed any more. Names can be
 * made up without end, so the first ten are told by name, and the rest by a
 * count that is told again when it has grown tenfold.
 */
import { CapnhookError } from '../../../shared/errors.js';
import { suggest } from '../../../shared/suggest.js';
import type { RoutedEntry, Unclaimed } from '../../../spool/intake.js';
import type { ExpiredEvents, UnclaimedReports } from '../../../spool/spool.js';
import type { DrainPorts, DrainSummary } from '../ports.js';
import type { UnclaimedChange } from '../reporting/changes.js';
import type { Routing } from '../routing.js';

export interface UnclaimedEvents {
  /** Whether an event is kept or dropped, and why nobody gets it; default: nobody is registered for it. */
  handlingOf(event: { hook?: string }, why?: string): Pick<RoutedEntry, 'why' | 'isDropped'>;
  /** Counts events that were just set apart; they are reported with the next `flush`. */
  add(unclaimed: Unclaimed): void;
  /** Reports what was added. */
  flush(): Promise<void>;
  /** Removes what was kept for long enough; looks for it rarely. */
  expire(): Promise<void>;
}

export interface UnclaimedOptions {
  routing: Routing;
  summary: DrainSummary;
  onChange(change: UnclaimedChange): void;
}

/** Hooks that are told by name. */
const mostNamed = 10;

/** A drain that stays looks for what is to be removed this often, in ms, or four times within `keep`. */
const expiryMs = 3_600_000;

/** The unclaimed events of a lease. */
export function createUnclaimedEvents(ports: DrainPorts, options: UnclaimedOptions): UnclaimedEvents {
  const { lease, clock, journal, report } = ports;
  const { routing, summary, onChange } = options;
  /** Events kept and not reported yet, by hook. */
  let pending = new Map<string, number>();
  let expireAt = Number.NEGATIVE_INFINITY;
  let isPruned = false;

  /** What was reported, without hooks that somebody is registered for by now. */
  async function reportsSoFar(): Promise<UnclaimedReports> {
    const { hooks, others } = await lease.unclaimedReports();
    const stillUnclaimed: string[] = [];
    for (const hook of hooks) if ((await routing.route({ hook })).kind !== 'to') stillUnclaimed.push(hook);
    return { hooks: stillUnclaimed, others };
  }

  function reportHook(hook: string, events: number): void {
    const didYouMean = suggest(hook, routing.hookNames());
    const change: UnclaimedChange = { unclaimed: events, hook };
    if (didYouMean !== undefined) change.didYouMean = didYouMean;
    report({ kind: 'unclaimed', keepMs: routing.unclaimed().keepMs, ...change });
    onChange(change);
  }

  function reportOthers(events: number): void {
    report({ kind: 'unclaimed', unclaimed: events, keepMs: routing.unclaimed().keepMs });
    onChange({ unclaimed: events });
  }

  /** A hook that was registered meanwhile is forgotten, so that it is reported again should it come to that. */
  async function prune(): Promise<void> {
    if (isPruned) return;
    isPruned = true;
    const saved = await lease.unclaimedReports();
    if (saved.hooks.length === 0) return;
    const pruned = await reportsSoFar();
    if (pruned.hooks.length < saved.hooks.length) await lease.saveUnclaimedReports(pruned);
  }

  /** What cannot be removed now stays, and keeps nothing else from being done. */
  async function expireNow(keepMs: number): Promise<readonly ExpiredEvents[]> {
    try {
      return await lease.expireUnclaimed({ keepMs });
    } catch (error) {
      if (!(error instanceof CapnhookError) || !lease.valid()) throw error;
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
      if (isKept && hook !== undefined) pending.set(hook, (pending.get(hook) ?? 0) + events);
    },
    async flush() {
      if (pending.size === 0) return;
      const added = pending;
      pending = new Map();
      const before = await reportsSoFar();
      const hooks = [...before.hooks];
      let { others } = before;
      for (const [hook, events] of added) {
        if (hooks.includes(hook)) continue;
        if (hooks.length < mostNamed) {
          hooks.push(hook);
          reportHook(hook, events);
        } else others += events;
      }
      if (digits(others) > digits(before.others)) reportOthers(others);
      if (hooks.length > before.hooks.length || others > before.others)
        await lease.saveUnclaimedReports({ hooks, others });
    },
    async expire() {
      const now = clock.monotonic();
      if (now < expireAt) return;
      const { keepMs } = routing.unclaimed();
      expireAt = now + Math.min(expiryMs, Math.max(keepMs / 4, 1_000));
      await prune();
      const expired = await expireNow(keepMs);
      const time = new Date(clock.now()).toISOString();
      for (const each of expired) journal.write({ time, what: 'expired', ...entryOf(each) });
      const events = expired.reduce((sum, each) => sum + each.events, 0);
      if (events > 0) report({ kind: 'expired', events, keepMs });
    },
  };
}

function digits(count: number): number {
  return count === 0 ? 0 : String(count).length;
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
