import type { Batch, Event } from '../../event/event.js';
import type { ExpiredEvents, FanOut, Lease, Nobody, Route, Unclaimed } from '../spool.js';
import { eventsOf, type MemoryState, noReports, queueOf } from './memory-state.js';

/** Maximum number of entries that one step takes in. */
const maxStepEntries = 256;

/** An entry whose endpoints are known. */
interface Routed {
  entry: Event | Batch;
  endpoints: readonly string[];
}

/** Makes the part of a lease that takes events in. @param now ms since the epoch */
export function createMemoryIntake(
  state: MemoryState,
  now: () => number,
): Pick<Lease, 'fanOut' | 'expireUnclaimed' | 'unclaimedReports' | 'saveUnclaimedReports' | 'unqueued'> {
  return {
    async fanOut(route, nobody = () => 'nobody is registered for it') {
      const { known, unknown } = routeAll(state, route);
      const routed = known.slice(0, maxStepEntries);
      const taken = new Set(routed.map(({ entry }) => entry));
      state.accepted = state.accepted.filter((entry) => !taken.has(entry));
      const placed = place(state, routed);
      const unclaimed = keepUnclaimed(state, routed, { nobody, now });
      return { ...nothingElse, ...placed, unclaimed, unknown, more: known.length > routed.length };
    },
    async expireUnclaimed({ keepMs }) {
      const old = state.unclaimed.filter(({ since }) => now() - since >= keepMs);
      state.unclaimed = state.unclaimed.filter((each) => !old.includes(each));
      return old.map(({ entry }) => labelOf(entry));
    },
    unclaimedReports: async () => (state.unclaimed.length === 0 ? noReports : state.reports),
    async saveUnclaimedReports(reports) {
      state.reports = reports;
    },
    unqueued: () => 0,
  };
}

/** What a step in memory never comes across. */
const nothingElse: Omit<FanOut, 'events' | 'deliveries' | 'unclaimed' | 'unknown' | 'more'> = {
  quarantined: [],
  postponed: [],
  immovable: [],
  changing: [],
  lacksRoom: false,
  checked: 0,
};

function routeAll({ accepted }: MemoryState, route: Route): { known: Routed[]; unknown: string[] } {
  const known: Routed[] = [];
  const unknown: string[] = [];
  for (const entry of accepted) {
    const endpoints = route(entry);
    if (endpoints === 'unknown') unknown.push(entry.id);
    else known.push({ entry, endpoints });
  }
  return { known, unknown };
}

function place(state: MemoryState, routed: readonly Routed[]): Pick<FanOut, 'events' | 'deliveries'> {
  let [events, deliveries] = [0, 0];
  for (const { entry, endpoints } of routed) {
    const all = eventsOf(entry);
    events += all.length;
    deliveries += all.length * endpoints.length;
    for (const endpoint of endpoints)
      for (const event of all)
        queueOf(state, endpoint).owed.push({ event, attempts: 0, claimed: false, held: false });
  }
  return { events, deliveries };
}

function keepUnclaimed(
  state: MemoryState,
  routed: readonly Routed[],
  { nobody, now }: { nobody: Nobody; now: () => number },
): Unclaimed[] {
  const unwanted = routed.filter(({ endpoints }) => endpoints.length === 0);
  return unwanted.map(({ entry }) => {
    const isKept = nobody(entry) !== undefined;
    if (isKept) state.unclaimed.push({ entry, since: now() });
    return { ...labelOf(entry), isKept };
  });
}

function labelOf(entry: Event | Batch): ExpiredEvents {
  const label: ExpiredEvents = { id: entry.id, events: eventsOf(entry).length };
  if (entry.hook !== undefined) label.hook = entry.hook;
  return label;
}
