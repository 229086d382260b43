/** Requests to the drain that runs, obeyed a step at a time: others are to be sent to meanwhile. */
import type { ControlRequest, Delivery, Wish } from '../../spool/spool.js';
import { carryOut, isMoving, type MovingWish, type Step, type Steps } from '../operate/carry-out.js';
import type { DrainPorts } from './ports.js';
import { createObedience } from './reporting/obedience.js';
import type { Routing } from './routing.js';
import type { Cooldowns } from './settling/cooldowns.js';
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
  /**
   * Obeys requests for a bounded time.
   * @param options.isUnsettled whether the hooks file is being written: what goes with a change of it waits
   * @returns whether events were put where the intake finds them
   */
  step(options: { isUnsettled: boolean }): Promise<{ hasRestored: boolean }>;
  /** The wish of this kind, if any, that was obeyed while a delivery was in flight that has come back. */
  ended(delivery: Delivery, kind: MovingWish['kind']): MovingWish | undefined;
}

/** A request that is being obeyed: walks over what is queued, until one has met nothing that is in flight. */
interface Open {
  request: ControlRequest;
  /** The walk at hand, when it began, and when it may begin; monotonic ms. */
  next: Steps;
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

export interface RequestsOptions {
  routing: Routing;
  settler: Settler;
  cooldowns: Cooldowns;
}

/** The wish of the next walk. What was queued since the first walk is not dropped. Pure. */
function againOf(wish: Wish, inFlight: Iterable<string>): Wish {
  if (wish.kind !== 'drop') return wish;
  const ids = [...inFlight].map((key) => key.slice(key.indexOf(' ') + 1));
  return { ...wish, select: { ...wish.select, ids } };
}

/** The requests to a lease's holder. */
export function createRequests(
  ports: DrainPorts,
  { routing, settler, cooldowns }: RequestsOptions,
): Requests {
  const { lease, clock, report } = ports;
  const obedience = createObedience(ports);
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

  /** Those of a newer version stay, and are reported. */
  function readAll(): readonly ControlRequest[] {
    const { requests, unknown } = lease.requests();
    for (const entry of unknown) report({ kind: 'unknown-request', entry });
    return requests;
  }

  function read(): void {
    readAt = clock.monotonic();
    const requests = readAll();
    const ids = new Set(requests.map(({ id }) => id));
    for (const id of open.keys()) if (!ids.has(id)) open.delete(id);
    for (const request of requests) if (!open.has(request.id)) open.set(request.id, opened(request));
  }

  function firstDue(isAllowed: (request: ControlRequest) => boolean): Open | undefined {
    const now = clock.monotonic();
    for (const each of open.values()) if (each.dueAt <= now && isAllowed(each.request)) return each;
    return undefined;
  }

  /** They are read once a second, and not once for each of them. */
  function next(isAllowed: (request: ControlRequest) => boolean): Open | undefined {
    if (firstDue(isAllowed) === undefined || clock.monotonic() - readAt >= pollMs) read();
    const due = firstDue(isAllowed);
    if (due !== undefined) Object.assign(due, { beganAt: clock.monotonic(), hasMetInFlight: false });
    return due;
  }

  function begin(wish: Wish): Steps {
    return carryOut(wish, {
      ...ports,
      isRegistered: (event, endpoint) => routing.endpointFor(event, endpoint) !== undefined,
    });
  }

  function opened(request: ControlRequest): Open {
    const at = { beganAt: 0, dueAt: Number.NEGATIVE_INFINITY };
    const met = { inFlight: new Set<string>(), hasMetInFlight: false, hasWalked: false };
    return { request, next: begin(request.wish), ...at, counts: new Map(), ...met };
  }

  function endWalk(walked: Open): void {
    const { request } = walked;
    obedience.moved(request.wish, walked.counts);
    walked.counts.clear();
    current = undefined;
    walked.hasWalked = true;
    if (walked.hasMetInFlight) {
      const now = clock.monotonic();
      walked.dueAt = now + Math.max(pollMs, now - walked.beganAt);
      walked.next = begin(againOf(request.wish, walked.inFlight));
      return;
    }
    open.delete(request.id);
    lease.finishRequest(request.id);
    lookedAt = Number.NEGATIVE_INFINITY; // there may be another one
  }

  /** When the next walk may begin, monotonic ms; Infinity for never. */
  function firstDueAt(): number {
    let first = Infinity;
    for (const { dueAt } of open.values()) first = Math.min(first, dueAt);
    return first;
  }

  function note(walked: Open, { entries, claimed, quarantined, changed }: Step): void {
    const { counts, inFlight, request } = walked;
    for (const { endpoint = '', events } of entries)
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + events);
    if (claimed.length > 0) walked.hasMetInFlight = true;
    for (const { event, endpoint } of claimed) inFlight.add(`${endpoint} ${event}`);
    quarantined.forEach(settler.noteQuarantined);
    for (const endpoint of changed) cooldowns.end(endpoint);
    obedience.changed(request.wish, changed);
  }

  /** Walks on for a bounded time. @returns whether events were put where the intake finds them */
  async function walk(walked: Open): Promise<boolean> {
    const step = await walked.next();
    note(walked, step);
    if (step.isDone) endWalk(walked);
    else if (step.entries.length > 0 || !walked.hasWalked) noteProgress();
    return (
      walked.request.wish.kind === 'retry' && step.entries.some(({ endpoint }) => endpoint === undefined)
    );
  }

  return {
    areWaiting() {
      const now = clock.monotonic();
      if (current !== undefined || firstDueAt() <= now) return true;
      if (now - lookedAt >= pollMs) {
        lookedAt = now;
        isFound = readAll().some(({ id }) => !open.has(id));
      }
      return isFound;
    },
    areOpen: () => open.size > 0,
    dueMs() {
      if (current !== undefined) return 1;
      return Math.max(Math.min(lookedAt + pollMs, firstDueAt()) - clock.monotonic(), 1);
    },
    async step({ isUnsettled }) {
      const isAllowed = ({ wish }: ControlRequest): boolean => !isUnsettled || wish.kind !== 'deregister';
      isFound = false;
      let hasRestored = false;
      const until = clock.monotonic() + stepMs;
      do {
        current ??= next(isAllowed);
        if (current === undefined || !isAllowed(current.request)) break;
        if (await walk(current)) hasRestored = true;
      } while (current === undefined && clock.monotonic() < until);
      return { hasRestored };
    },
    ended({ endpoint, event }, kind) {
      if (open.size === 0) return undefined; // asked of each delivery that is sent
      const key = `${endpoint} ${event.id}`;
      for (const { request, inFlight, counts } of open.values()) {
        const { wish } = request;
        if (wish.kind !== kind || !isMoving(wish) || !inFlight.delete(key)) continue;
        noteProgress();
        counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
        return wish;
      }
      return undefined;
    },
  };
}
