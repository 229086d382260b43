import type { Batch, Event } from '../../event/event.js';
import type { Entry, Intake, Remaining, RoutedEntry, Unclaimed } from '../intake.js';
import { createOutbox, type Outbox } from '../outbox.js';
import type { DrainSide, ExpiredEvents } from '../spool.js';
import { eventsOf, type MemoryState, noReports, queueOf } from './memory-state.js';

/** Maximum number of entries of one `take`. */
const maxTaken = 256;

/** An entry, with what was accepted. */
interface MemoryEntry extends Entry {
  accepted: Event | Batch;
}

/** Makes the part of a drain's side that takes events in. @param now ms since the epoch */
export function createMemoryIntake(
  state: MemoryState,
  now: () => number,
): Pick<DrainSide, 'intake' | 'outbox' | 'expireUnclaimed' | 'unclaimedReports' | 'saveUnclaimedReports'> {
  const intake = intakeOf(state, now);
  return {
    intake,
    outbox: outboxOf(intake),
    async expireUnclaimed({ keepMs }) {
      const old = state.unclaimed.filter(({ since }) => now() - since >= keepMs);
      state.unclaimed = state.unclaimed.filter((each) => !old.includes(each));
      return old.map(({ entry }) => labelOf(entry));
    },
    unclaimedReports: async () => (state.unclaimed.length === 0 ? noReports : state.reports),
    async saveUnclaimedReports(reports) {
      state.reports = reports;
    },
  };
}

function intakeOf(state: MemoryState, now: () => number): Intake {
  /** Taken since this pass through all entries began. */
  const seen = new Set<Event | Batch>();
  let more = false;
  const remaining = (): Remaining => ({ postponed: [], immovable: [], changing: [], more });

  function removeAll(entries: readonly Entry[]): void {
    const removed = new Set(entries.map(acceptedOf));
    state.accepted = state.accepted.filter((each) => !removed.has(each));
  }

  return {
    async take() {
      if (!more) seen.clear();
      const unseen = state.accepted.filter((each) => !seen.has(each));
      const taken = unseen.slice(0, maxTaken);
      for (const each of taken) seen.add(each);
      more = unseen.length > taken.length;
      return { entries: taken.map(entryOf), quarantined: [], checked: 0, ...remaining() };
    },
    async place(routed, { hooks } = {}) {
      const isStale =
        hooks !== undefined && state.newestHooks?.() !== undefined && state.newestHooks() !== hooks();
      if (isStale) return { events: 0, deliveries: 0, unclaimed: [], isStale, ...remaining() };
      removeAll(routed.map(({ entry }) => entry));
      const events = routed.reduce((sum, { entry }) => sum + entry.events, 0);
      const deliveries = routed.reduce((sum, each) => sum + queue(state, each), 0);
      const unclaimed = routed.flatMap((each) =>
        each.endpoints.length === 0 ? [keep(state, each, now())] : [],
      );
      return { events, deliveries, unclaimed, isStale, ...remaining() };
    },
    async remove(entries) {
      removeAll(entries);
    },
    unqueued: () => 0,
  };
}

function outboxOf(intake: Intake): Outbox {
  return createOutbox(intake, (entry) => {
    const accepted = acceptedOf(entry);
    return {
      isBatch: 'payloads' in accepted,
      payloads: () => eventsOf(accepted).map(({ payload }) => payload),
    };
  });
}

function entryOf(accepted: Event | Batch): MemoryEntry {
  return { header: accepted, events: eventsOf(accepted).length, accepted };
}

function acceptedOf(entry: Entry): Event | Batch {
  return (entry as MemoryEntry).accepted;
}

/** Makes the deliveries of an entry. @returns how many */
function queue(state: MemoryState, { entry, endpoints }: RoutedEntry): number {
  for (const endpoint of endpoints)
    for (const event of eventsOf(acceptedOf(entry)))
      queueOf(state, endpoint).owed.push({ event, attempts: 0, claimed: false, held: false });
  return entry.events * endpoints.length;
}

function keep(state: MemoryState, { entry, isDropped = false }: RoutedEntry, since: number): Unclaimed {
  const accepted = acceptedOf(entry);
  if (!isDropped) state.unclaimed.push({ entry: accepted, since });
  return { ...labelOf(accepted), isKept: !isDropped };
}

function labelOf(entry: Event | Batch): ExpiredEvents {
  const label: ExpiredEvents = { id: entry.id, events: eventsOf(entry).length };
  if (entry.hook !== undefined) label.hook = entry.hook;
  return label;
}
