/**
 * Reports of unclaimed events: each hook is reported once, until an endpoint is
 * registered for it or no event is unclaimed any more. Names can be made up
 * without end, so the first ten are reported by name, and the rest by a count
 * that is reported again when it has grown tenfold.
 */
import { suggest } from '../../../shared/suggest.js';
import type { UnclaimedReports as SavedReports } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { UnclaimedChange } from '../reporting/changes.js';
import type { Routing } from '../routing.js';

export interface UnclaimedReports {
  /** Counts events of a hook; they are reported with the next `flush`. */
  add(hook: string, events: number): void;
  /** Reports what was added. */
  flush(): Promise<void>;
  /** Forgets, once, the hooks that were registered meanwhile, so that each is reported again when it is unclaimed again. */
  prune(): Promise<void>;
}

export interface UnclaimedReportsOptions {
  routing: Pick<Routing, 'route' | 'hookNames' | 'unclaimed'>;
  onChange(change: UnclaimedChange): void;
}

/** Maximum number of hooks that are reported by name. */
const maxNamed = 10;

/** Makes the reports of unclaimed events, which the spool remembers. */
export function createUnclaimedReports(
  { side, report }: Pick<DrainPorts, 'side' | 'report'>,
  { routing, onChange }: UnclaimedReportsOptions,
): UnclaimedReports {
  /** Number of events kept and not reported yet, by hook. */
  let pending = new Map<string, number>();
  let isPruned = false;

  /** What was reported, without hooks that an endpoint is registered for by now. */
  async function reportsSoFar(): Promise<SavedReports> {
    const { hooks, others } = await side.unclaimedReports();
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

  return {
    add(hook, events) {
      pending.set(hook, (pending.get(hook) ?? 0) + events);
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
        if (hooks.length < maxNamed) {
          hooks.push(hook);
          reportHook(hook, events);
        } else others += events;
      }
      if (digits(others) > digits(before.others)) reportOthers(others);
      if (hooks.length > before.hooks.length || others > before.others)
        await side.saveUnclaimedReports({ hooks, others });
    },
    async prune() {
      if (isPruned) return;
      isPruned = true;
      const saved = await side.unclaimedReports();
      if (saved.hooks.length === 0) return;
      const pruned = await reportsSoFar();
      if (pruned.hooks.length < saved.hooks.length) await side.saveUnclaimedReports(pruned);
    },
  };
}

function digits(count: number): number {
  return count === 0 ? 0 : String(count).length;
}
