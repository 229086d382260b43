/** A spool in memory: the reference that says, in the fewest words, what every spool does. */
import type { Health } from '../endpoint/health.js';
import type { Batch, Event } from '../event/event.js';
import { batchMemberId } from '../event/event-id.js';
import { createMemoryInspection } from './memory-inspection.js';
import type {
  ClaimOptions,
  ControlRequest,
  Delivery,
  DiscardedEntry,
  DiscardRequest,
  Due,
  EndpointBacklog,
  ExpiredEvents,
  FanOut,
  Holder,
  Lease,
  LeaseMode,
  Spool,
  UnclaimedReports,
  Why,
} from './spool.js';

const noReports: UnclaimedReports = { hooks: [], others: 0 };

/** One step fans out so many entries at most. */
const stepEntries = 256;

interface Owed {
  event: Event;
  attempts: number;
  /** Absent for a delivery that waits in order. */
  dueMs?: number;
  claimed: boolean;
  /** On hold. */
  held: boolean;
}

interface Queue {
  owed: Owed[];
  dead: Array<{ event: Event; why: Why }>;
  health: Health;
}

/** A spool that lasts as long as the process. `now` is in ms since the epoch. */
export function createMemorySpool({ now }: { now(): number }): Spool {
  let accepted: Array<Event | Batch> = [];
  let unclaimed: Array<{ entry: Event | Batch; since: number }> = [];
  let reports: UnclaimedReports = noReports;
  const queues = new Map<string, Queue>();
  const hints = new Set<() => void>();
  const claims = new WeakMap<Delivery, Owed>();
  let holder: Holder | undefined;
  const requests = new Map<string, ControlRequest>();
  /** How often progress was noted, by request. */
  const progress = new Map<string, number>();
  let bound: string | undefined;

  function queueOf(endpoint: string): Queue {
    let queue = queues.get(endpoint);
    if (queue === undefined) {
      queue = { owed: [], dead: [], health: {} };
      queues.set(endpoint, queue);
    }
    return queue;
  }

  function isReady(owed: Owed, { now: at, latest = Infinity }: Due): boolean {
    return (
      !owed.claimed && !owed.held && (owed.dueMs === undefined || owed.dueMs <= at || owed.dueMs > latest)
    );
  }

  /** What can be claimed, in order. */
  function readyIn(queue: Queue, { probe, ...due }: Omit<ClaimOptions, 'limit'>): Owed[] {
    const ready = queue.owed.filter((owed) => isReady(owed, due));
    const dueOf = ({ dueMs }: Owed) => dueMs ?? (probe === undefined ? Infinity : -Infinity);
    const failedOf = ({ event }: Owed) => probe?.indexOf(event.id) ?? -1;
    return ready.sort((a, b) => failedOf(a) - failedOf(b) || dueOf(a) - dueOf(b) || 0);
  }

  function names(match: (queue: Queue) => boolean): string[] {
    return [...queues].filter(([, queue]) => match(queue)).map(([endpoint]) => endpoint);
  }

  /** Ends a claim; the delivery stays only if `remains`. */
  function settle(delivery: Delivery, remains: boolean): Owed {
    const owed = claims.get(delivery);
    if (owed === undefined) throw new Error('a delivery is settled once, by the lease that claimed it');
    claims.delete(delivery);
    owed.claimed = false;
    const queue = queueOf(delivery.endpoint);
    if (!remains) queue.owed = queue.owed.filter((each) => each !== owed);
    return owed;
  }

  /** What a request would move. */
  function matching({ endpoints, incoming, match }: Omit<DiscardRequest, 'why'>): DiscardedEntry[] {
    const entries: DiscardedEntry[] = [];
    const events = incoming ? accepted.filter((entry) => match(entry, undefined)) : [];
    for (const entry of events)
      entries.push({ event: entry.id, hook: entry.hook, events: eventsOf(entry).length });
    for (const [endpoint, { owed }] of queues) {
      if (endpoints?.includes(endpoint) === false) continue;
      for (const { event, claimed } of owed)
        if (!claimed && match(event, endpoint))
          entries.push({ event: event.id, hook: event.hook, endpoint, events: 1 });
    }
    return entries;
  }

  const lease: Lease = {
    async fanOut(route, nobody = () => 'nobody is registered for it'): Promise<FanOut> {
      const found = accepted.map((entry) => ({ entry, events: eventsOf(entry), endpoints: route(entry) }));
      const known = found.flatMap(({ endpoints, ...entry }) =>
        endpoints === 'unknown' ? [] : [{ ...entry, endpoints }],
      );
      const unknown = found.filter(({ endpoints }) => endpoints === 'unknown').map(({ entry }) => entry.id);
      const routed = known.slice(0, stepEntries);
      const taken = new Set(routed.map(({ entry }) => entry));
      accepted = accepted.filter((entry) => !taken.has(entry));
      let [events, deliveries] = [0, 0];
      for (const { events: all, endpoints } of routed) {
        events += all.length;
        deliveries += all.length * endpoints.length;
        for (const endpoint of endpoints)
          for (const event of all)
            queueOf(endpoint).owed.push({ event, attempts: 0, claimed: false, held: false });
      }
      const unwanted = routed.filter(({ endpoints }) => endpoints.length === 0);
      const setApart = unwanted.map(({ entry, events: all }) => {
        const isKept = nobody(entry) !== undefined;
        if (isKept) unclaimed.push({ entry, since: now() });
        return { ...expiredOf(entry), events: all.length, isKept };
      });
      return {
        events,
        deliveries,
        unclaimed: setApart,
        unknown,
        quarantined: [],
        postponed: [],
        immovable: [],
        changing: [],
        lacksRoom: false,
        checked: 0,
        more: known.length > routed.length,
      };
    },
    async expireUnclaimed({ keepMs }) {
      const old = unclaimed.filter(({ since }) => now() - since >= keepMs);
      unclaimed = unclaimed.filter((each) => !old.includes(each));
      return old.map(({ entry }) => expiredOf(entry));
    },
    unclaimedReports: async () => (unclaimed.length === 0 ? noReports : reports),
    async saveUnclaimedReports(next) {
      reports = next;
    },
    unqueued: () => 0,
    ready: (due) => names((queue) => queue.owed.some((owed) => isReady(owed, due))),
    async claim(endpoint, { limit, ...options }) {
      const queue = queueOf(endpoint);
      // Of several events with one id, one comes after the other.
      const out = new Set(queue.owed.filter(({ claimed }) => claimed).map(({ event }) => event.id));
      const deliveries = readyIn(queue, options)
        .filter(({ event }) => !out.has(event.id) && out.add(event.id))
        .slice(0, limit)
        .map((owed) => {
          owed.claimed = true;
          const { event, attempts } = owed;
          const delivery = { event, endpoint, attempts, acceptedAt: Date.parse(event.time) };
          claims.set(delivery, owed);
          return delivery;
        });
      return { deliveries, quarantined: [], postponed: [], goesOn: deliveries.length === limit };
    },
    async done(delivery) {
      settle(delivery, false);
    },
    noteAnswer: () => undefined,
    async defer(delivery, { dueMs, attempts }) {
      Object.assign(settle(delivery, true), { dueMs, attempts });
    },
    async bury(delivery, why) {
      queueOf(delivery.endpoint).dead.push({ event: settle(delivery, false).event, why });
    },
    release(delivery) {
      settle(delivery, true);
    },
    hold(delivery) {
      settle(delivery, true).held = true;
    },
    resume(endpoint) {
      for (const [id, { owed }] of queues)
        if (endpoint === undefined || endpoint === id) for (const each of owed) each.held = false;
    },
    holdAll: () => false,
    queueMark: () => undefined,
    onHold: (endpoint) => queueOf(endpoint).owed.filter(({ held }) => held).length,
    health: (endpoint) => queueOf(endpoint).health,
    async saveHealth(endpoint, health) {
      queueOf(endpoint).health = health;
    },
    nextDue(endpoint) {
      const due = queueOf(endpoint).owed.flatMap(({ dueMs, claimed, held }) =>
        dueMs === undefined || claimed || held ? [] : [dueMs],
      );
      return due.length === 0 ? undefined : Math.min(...due);
    },
    owing: () => names((queue) => queue.owed.length > 0),
    waiting: async () => accepted.length,
    owed: async (endpoint) => queueOf(endpoint).owed.length,
    async discard({ why, ...request }) {
      const entries = matching(request);
      if (request.incoming) {
        const kept = accepted.filter((entry) => !request.match(entry, undefined));
        accepted.splice(0, accepted.length, ...kept);
      }
      const claimed: string[] = [];
      for (const [endpoint, queue] of queues) {
        if (request.endpoints?.includes(endpoint) === false) continue;
        const found = queue.owed.filter(({ event }) => request.match(event, endpoint));
        claimed.push(...found.filter((owed) => owed.claimed).map(({ event }) => event.id));
        const dead = new Set(found.filter((owed) => !owed.claimed));
        queue.owed = queue.owed.filter((owed) => !dead.has(owed));
        for (const { event, attempts } of dead) queue.dead.push({ event, why: { ...why, attempts } });
      }
      return { entries, claimed, isDone: true, quarantined: [] };
    },
    requests: () => [...requests.values()],
    noteProgress: (id) => void progress.set(id, (progress.get(id) ?? 0) + 1),
    finishRequest: (id) => void requests.delete(id),
    onHint(hint) {
      hints.add(hint);
      return () => hints.delete(hint);
    },
    valid: () => true,
    async close() {
      holder = undefined;
      for (const queue of queues.values()) for (const owed of queue.owed) owed.claimed = owed.held = false;
    },
  };

  return {
    async enqueue(entry) {
      accepted.push(entry);
      for (const hint of hints) hint();
    },
    async lease(mode: LeaseMode) {
      if (holder !== undefined) return { held: true, holder };
      holder = {
        host: 'memory',
        pid: process.pid,
        mode,
        since: new Date(now()).toISOString(),
        isVisible: true,
      };
      return { held: false, lease };
    },
    idle: async () =>
      holder === undefined && accepted.length === 0 && names(({ owed }) => owed.length > 0).length === 0,
    async restoreUnclaimed({ hook } = {}) {
      const restored = unclaimed
        .map(({ entry }) => entry)
        .filter((entry) => [entry.hook, undefined].includes(hook));
      unclaimed = unclaimed.filter(({ entry }) => !restored.includes(entry));
      accepted.push(...restored);
      reports = noReports;
      for (const hint of hints) hint();
      return restored.reduce((sum, entry) => sum + eventsOf(entry).length, 0);
    },
    async pruneHealth(isNeeded) {
      for (const [endpoint, queue] of queues) {
        if (queue.owed.length > 0 || Object.keys(queue.health).length === 0) continue;
        if (!isNeeded(endpoint, () => ({ health: queue.health, savedAt: now() }))) queue.health = {};
      }
    },
    holder: async () => holder,
    isHeld: async () => holder !== undefined,
    async *survey(request) {
      yield* matching(request);
    },
    async request(request) {
      requests.set(request.id, request);
    },
    hasRequest: async (id) => requests.has(id),
    requestProgress: async (id) => (requests.has(id) ? (progress.get(id) ?? 0) : undefined),
    boundTo: async () => bound,
    async bind(hooksFile, { again = false } = {}) {
      if (again || bound === undefined) bound = hooksFile;
      return bound;
    },
    async *backlog(only): AsyncGenerator<EndpointBacklog> {
      for (const [endpoint, { owed, dead, health }] of queues) {
        if (only !== undefined && only !== endpoint) continue;
        const retrying = owed.filter(({ dueMs }) => dueMs !== undefined).length;
        yield { endpoint, waiting: owed.length - retrying, retrying, dead: dead.length, health };
      }
    },
    waiting: async () => accepted.length,
    inspection: createMemoryInspection(() => ({
      accepted,
      unclaimed: unclaimed.map(({ entry }) => entry),
      queues,
    })),
  };
}

function expiredOf(entry: Event | Batch): ExpiredEvents {
  const expired: ExpiredEvents = { id: entry.id, events: eventsOf(entry).length };
  if (entry.hook !== undefined) expired.hook = entry.hook;
  return expired;
}

function eventsOf(entry: Event | Batch): Event[] {
  if (!('payloads' in entry)) return [entry];
  const { payloads, ...header } = entry;
  return payloads.map((payload, index) => ({ ...header, id: batchMemberId(entry.id, index + 1), payload }));
}
