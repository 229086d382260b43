/** Requests to the drain that runs, obeyed a step at a time: others are to be sent to meanwhile. */
import type { Endpoint } from '../../endpoint/endpoint.js';
import type { EventHeader } from '../../event/event.js';
import { matchesHook } from '../../routing/pattern.js';
import { isoTime } from '../../shared/iso-time.js';
import type { ControlRequest, Delivery, DiscardRequest } from '../../spool/spool.js';
import type { DrainPorts } from './ports.js';
import type { Routing } from './routing.js';
import type { Settler } from './settling/settle.js';

/** How often requests are looked for, in ms, whatever hints there are. */
const pollMs = 1_000;

export interface Requests {
  /** Whether there is a request to obey; looked for once a second. */
  areWaiting(): boolean;
  /** In how many ms requests are looked for again. */
  dueMs(): number;
  /** Obeys a bounded part of the request at hand. */
  step(): Promise<void>;
  /** Whether a delivery that comes back belongs to a request that was obeyed while it was in flight. */
  ends(delivery: Delivery): boolean;
}

/** What a request to deregister moves: what is queued for its endpoints, and no one is registered for any more. */
export function discardRequestOf(
  { endpoints, hook }: ControlRequest,
  endpointFor: (event: EventHeader, endpoint: string) => Endpoint | undefined,
): DiscardRequest {
  return {
    endpoints,
    match(event, endpoint) {
      if (endpoint === undefined) return false;
      if (hook !== undefined && (event.hook === undefined || !matchesHook(hook, event.hook))) return false;
      return endpointFor(event, endpoint) === undefined;
    },
    why: { reason: 'deregistered', message: 'it was deregistered', time: isoTime(Date.now()) },
  };
}

/** The requests to a lease's holder. */
export function createRequests(
  { lease, clock, journal, report }: DrainPorts,
  { routing, settler }: { routing: Routing; settler: Settler },
): Requests {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isWaiting = false;
  let current: { request: ControlRequest; discard: DiscardRequest; counts: Map<string, number> } | undefined;
  /** Deliveries that were in flight while they were deregistered. */
  const inFlight = new Set<string>();

  function next(): typeof current {
    const [request] = lease.requests();
    if (request === undefined) return undefined;
    const discard = discardRequestOf(request, (event, endpoint) => routing.endpointFor(event, endpoint));
    return { request, discard, counts: new Map() };
  }

  function finish(): void {
    if (current === undefined) return;
    for (const [id, count] of current.counts) report({ kind: 'deregistered', endpoint: { id }, count });
    lease.finishRequest(current.request.id);
    current = undefined;
    lookedAt = Number.NEGATIVE_INFINITY; // there may be another one
  }

  return {
    areWaiting() {
      if (current !== undefined) return true;
      if (clock.monotonic() - lookedAt >= pollMs) {
        lookedAt = clock.monotonic();
        isWaiting = lease.requests().length > 0;
      }
      return isWaiting;
    },
    dueMs: () => (current === undefined ? Math.max(lookedAt + pollMs - clock.monotonic(), 1) : 1),
    async step() {
      isWaiting = false;
      current ??= next();
      if (current === undefined) return;
      const { discard, counts, request } = current;
      const { entries, claimed, corrupt, isDone } = await lease.discard(discard);
      for (const { event, hook, endpoint = '' } of entries) {
        journal.write({ time: isoTime(clock.now()), what: 'deregistered', event, hook, endpoint });
        counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
      }
      for (const event of claimed) for (const id of request.endpoints) inFlight.add(`${id} ${event}`);
      corrupt.forEach(settler.noteCorrupt);
      if (isDone) finish();
    },
    ends: ({ endpoint, event }) => inFlight.size > 0 && inFlight.delete(`${endpoint} ${event.id}`),
  };
}
