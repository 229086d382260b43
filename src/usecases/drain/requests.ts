/** Requests to the drain that runs, obeyed a step at a time: others are to be sent to meanwhile. */
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { EventHeader } from '../../event/event.js';
import { isoTime } from '../../shared/iso-time.js';
import type { ControlRequest, Delivery, DiscardRequest, Selection } from '../../spool/spool.js';
import type { DrainPorts } from './ports.js';
import type { Routing } from './routing.js';
import type { Settler } from './settling/settle.js';

/** How often requests are looked for, in ms, whatever hints there are. */
const pollMs = 1_000;

/** How often it is noted that requests are being obeyed, in ms. */
const progressMs = 1_000;

/** Requests are obeyed one after another for this long, in ms, before others are sent to. */
const stepMs = 30;

export interface Requests {
  /** Whether a request can be obeyed now; looked for once a second. */
  areWaiting(): boolean;
  /** Whether a request is not obeyed to its end: what was in flight is looked for again. */
  areOpen(): boolean;
  /** In how many ms requests are looked for again. */
  dueMs(): number;
  /** Obeys requests for a bounded time. */
  step(): Promise<void>;
  /** Whether a delivery that comes back belongs to a request that was obeyed while it was in flight. */
  ends(delivery: Delivery): boolean;
}

/** A request that is being obeyed: walks over what is queued, until one has met nothing that is in flight. */
interface Open {
  request: ControlRequest;
  /** The walk at hand, when it began, and when it may begin; monotonic ms. */
  discard: DiscardRequest;
  beganAt: number;
  dueAt: number;
  /** What was moved and is not reported yet, by endpoint. */
  counts: Map<string, number>;
  /** Deliveries that were in flight in one of the walks. */
  inFlight: Set<string>;
  /** Whether any were in the walk at hand. */
  hasMetInFlight: boolean;
  /** Whether a walk has ended: the next ones only look for what was in flight. */
  hasWalked: boolean;
}

/** What a request to deregister moves: what is queued for its endpoints, and no one is registered for any more. */
export function discardRequestOf(
  { endpoints, hook }: ControlRequest,
  endpointFor: (event: EventHeader, endpoint: string) => Endpoint | undefined,
): DiscardRequest {
  const select: Selection = { endpoints };
  if (hook !== undefined) select.hook = hook;
  return {
    select,
    stays: (event, endpoint) => endpointFor(event, endpoint) !== undefined,
    why: { reason: 'deregistered', message: 'it was deregistered', time: isoTime(Date.now()) },
  };
}

/** The requests to a lease's holder. */
export function createRequests(
  { lease, clock, journal, report }: DrainPorts,
  { routing, settler }: { routing: Routing; settler: Settler },
): Requests {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let readAt = lookedAt;
  let isFound = false;
  /** By their ids, as long as their files are there: whatever ends this drain, the next one obeys them. */
  const open = new Map<string, Open>();
  let current: Open | undefined;
  let notedAt = Number.NEGATIVE_INFINITY;

  /** Tells all who wait: each request has its turn. */
  function noteProgress(): void {
    const now = clock.monotonic();
    if (now - notedAt < progressMs) return;
    notedAt = now;
    for (const id of open.keys()) lease.noteProgress(id);
  }

  function read(): void {
    readAt = clock.monotonic();
    const requests = lease.requests();
    const ids = new Set(requests.map(({ id }) => id));
    for (const id of open.keys()) if (!ids.has(id)) open.delete(id);
    for (const request of requests) if (!open.has(request.id)) open.set(request.id, opened(request));
  }

  function firstDue(): Open | undefined {
    const now = clock.monotonic();
    for (const request of open.values()) if (request.dueAt <= now) return request;
    return undefined;
  }

  /** They are read once a second, and not once for each of them. */
  function next(): Open | undefined {
    if (firstDue() === undefined || clock.monotonic() - readAt >= pollMs) read();
    const due = firstDue();
    if (due !== undefined) Object.assign(due, { beganAt: clock.monotonic(), hasMetInFlight: false });
    return due;
  }

  function opened(request: ControlRequest): Open {
    const discard = discardRequestOf(request, (event, endpoint) => routing.endpointFor(event, endpoint));
    const at = { beganAt: 0, dueAt: Number.NEGATIVE_INFINITY };
    const met = { inFlight: new Set<string>(), hasMetInFlight: false, hasWalked: false };
    return { request, discard, ...at, counts: new Map(), ...met };
  }

  function endWalk(walked: Open): void {
    for (const [id, count] of walked.counts) report({ kind: 'deregistered', endpoint: { id }, count });
    walked.counts.clear();
    current = undefined;
    walked.hasWalked = true;
    if (walked.hasMetInFlight) {
      const now = clock.monotonic();
      walked.dueAt = now + Math.max(pollMs, now - walked.beganAt);
      walked.discard = { ...walked.discard }; // a walk belongs to its object
      return;
    }
    open.delete(walked.request.id);
    lease.finishRequest(walked.request.id);
    lookedAt = Number.NEGATIVE_INFINITY; // there may be another one
  }

  /** When the next walk may begin, monotonic ms; Infinity for never. */
  function firstDueAt(): number {
    let first = Infinity;
    for (const { dueAt } of open.values()) first = Math.min(first, dueAt);
    return first;
  }

  /** Walks on for a bounded time. */
  async function walk(walked: Open): Promise<void> {
    const { discard, counts, inFlight, request } = walked;
    const { entries, claimed, quarantined, isDone } = await lease.discard(discard);
    for (const { event, hook, endpoint = '' } of entries) {
      journal.write({ time: isoTime(clock.now()), what: 'deregistered', event, hook, endpoint });
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
    }
    if (claimed.length > 0) walked.hasMetInFlight = true;
    for (const event of claimed) for (const id of request.endpoints) inFlight.add(`${id} ${event}`);
    quarantined.forEach(settler.noteQuarantined);
    if (isDone) endWalk(walked);
    else if (entries.length > 0 || !walked.hasWalked) noteProgress();
  }

  return {
    areWaiting() {
      const now = clock.monotonic();
      if (current !== undefined || firstDueAt() <= now) return true;
      if (now - lookedAt >= pollMs) {
        lookedAt = now;
        isFound = lease.requests().some(({ id }) => !open.has(id));
      }
      return isFound;
    },
    areOpen: () => open.size > 0,
    dueMs() {
      if (current !== undefined) return 1;
      return Math.max(Math.min(lookedAt + pollMs, firstDueAt()) - clock.monotonic(), 1);
    },
    async step() {
      isFound = false;
      const until = clock.monotonic() + stepMs;
      do {
        current ??= next();
        if (current === undefined) return;
        await walk(current);
      } while (current === undefined && clock.monotonic() < until);
    },
    ends({ endpoint, event }) {
      const key = `${endpoint} ${event.id}`;
      for (const { inFlight, counts } of open.values()) {
        if (!inFlight.delete(key)) continue;
        noteProgress();
        counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
        return true;
      }
      return false;
    },
  };
}
