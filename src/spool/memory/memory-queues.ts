/** Queues in memory: which endpoints a drain owns, and what it does with their deliveries. */
import type { ClaimOptions, Delivery, DoneOptions, Due, OwnedEndpoint, Queues } from '../spool.js';
import { type MemoryDrain, type MemoryQueue, type MemoryState, type Owed, queueOf } from './memory-state.js';

export interface MemoryQueuesOptions {
  drain: MemoryDrain;
  /** ms since the epoch. */
  now(): number;
  /** A drain that makes no call for this long, in ms, is taken for dead: others take its endpoints over. */
  leaseMs: number;
}

/** Makes the queues as one drain sees them. */
export function createMemoryQueues(state: MemoryState, options: MemoryQueuesOptions): Queues {
  const { drain, now, leaseMs } = options;
  let lastNow = Number.NEGATIVE_INFINITY;

  /** Each call renews what the drain owns. */
  function renew(): void {
    drain.seenAt = now();
  }

  function isFree({ owner }: MemoryQueue): boolean {
    return owner === undefined || (owner !== drain && now() - owner.seenAt >= leaseMs);
  }

  function acquire(queue: MemoryQueue): OwnedEndpoint {
    if (queue.owner !== drain) takeOver(queue, drain);
    queue.isDry = false;
    return ownedEndpoint(state, queue, { drain, renew });
  }

  return {
    async acquire({ limit, now: at, isEarly = at < lastNow }) {
      renew();
      lastNow = at;
      const due = { now: isEarly ? Infinity : at };
      const isWanted = (queue: MemoryQueue): boolean => {
        const { owner, owed, isDry, until } = queue;
        if (owner === drain) return isDry && owed.some((each) => isReady(each, due));
        const hasReady = owed.some((each) => isReady({ ...each, claimed: false }, due));
        return isFree(queue) && hasReady && (isEarly || until <= at);
      };
      return [...state.queues.values()].filter(isWanted).slice(0, limit).map(acquire);
    },
    async acquireOne(id) {
      renew();
      const queue = queueOf(state, id);
      return queue.owner === drain || isFree(queue) ? acquire(queue) : undefined;
    },
    async nextReady() {
      const times = [...state.queues.values()].filter(isFree).flatMap(({ owed, until }) => {
        return owed.filter(isThere).map(({ dueMs = Number.NEGATIVE_INFINITY }) => Math.max(dueMs, until));
      });
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

/** Gives a queue another owner, or none. What was claimed is given back. */
export function takeOver(queue: MemoryQueue, owner: MemoryDrain | undefined): void {
  queue.owner = owner;
  queue.term += 1;
  queue.until = Number.NEGATIVE_INFINITY;
  for (const owed of queue.owed) owed.claimed = false;
}

function ownedEndpoint(
  state: MemoryState,
  queue: MemoryQueue,
  { drain, renew }: { drain: MemoryDrain; renew(): void },
): OwnedEndpoint {
  const { term } = queue;
  const isOurs = () => queue.owner === drain && queue.term === term;
  /** Ends a claim; undefined where the endpoint is not ours any more. */
  const end = (delivery: Delivery) => {
    renew();
    const owed = endClaim(state, queue, delivery);
    return isOurs() ? owed : undefined;
  };
  return {
    id: queue.endpoint,
    health: () => queue.health,
    async saveHealth(health) {
      if (isOurs()) queue.health = health;
    },
    noteAnswer(answer) {
      queue.lastAnswer = answer;
    },
    async claim(options) {
      renew();
      const deliveries = isOurs() ? claimFrom(state, queue, options) : [];
      queue.isDry = deliveries.length < options.limit;
      return { deliveries, quarantined: [], postponed: [], goesOn: !queue.isDry };
    },
    async done(delivery, options) {
      const { owed } = claimOf(state, delivery);
      end(delivery);
      if (options !== undefined) keep(state, delivery, options);
      queue.owed = queue.owed.filter((each) => each !== owed);
    },
    async defer(delivery, { dueMs, attempts, answer }) {
      const owed = end(delivery);
      if (owed === undefined) return;
      Object.assign(owed, { dueMs, attempts });
      if (answer !== undefined) queue.answers.set(owed.event.id, answer);
    },
    async bury(delivery, why) {
      const owed = end(delivery);
      if (owed === undefined) return;
      queue.owed = queue.owed.filter((each) => each !== owed);
      queue.dead.push({ event: owed.event, why });
    },
    giveBack(delivery) {
      end(delivery);
    },
    hold(delivery) {
      const owed = end(delivery);
      if (owed !== undefined) owed.held = true;
    },
    nextDue: () => nextDueOf(queue),
    isOurs,
    async release({ until = Number.NEGATIVE_INFINITY } = {}) {
      renew();
      if (!isOurs()) return;
      takeOver(queue, undefined);
      queue.until = until;
    },
  };
}

/** Keeps what was delivered, and removes the oldest of its endpoint where that is too much. */
function keep(state: MemoryState, { event, endpoint }: Delivery, { keepMaxBytes }: DoneOptions): void {
  state.sent.push({ event, endpoint, sentAt: state.now() });
  const sizeOf = () => {
    const ofEndpoint = state.sent.filter((each) => each.endpoint === endpoint);
    return ofEndpoint.reduce((sum, each) => sum + each.event.payload.length, 0);
  };
  while (sizeOf() > keepMaxBytes)
    state.sent.splice(
      state.sent.findIndex((each) => each.endpoint === endpoint),
      1,
    );
}

/** When the first retry of a queue becomes due, ms since the epoch. */
export function nextDueOf({ owed }: MemoryQueue): number | undefined {
  const due = owed.filter(isThere).flatMap(({ dueMs }) => dueMs ?? []);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Whether it is neither claimed nor on hold. */
function isThere({ claimed, held }: Owed): boolean {
  return !claimed && !held;
}

function isReady(owed: Owed, { now, latest = Infinity }: Due): boolean {
  const { dueMs } = owed;
  return isThere(owed) && (dueMs === undefined || dueMs <= now || dueMs > latest);
}

/** What can be claimed, in order. */
function readyIn({ owed }: MemoryQueue, { probe, ...due }: Omit<ClaimOptions, 'limit'>): Owed[] {
  const dueOf = ({ dueMs }: Owed) => dueMs ?? (probe === undefined ? Infinity : -Infinity);
  const failedOf = ({ event }: Owed) => probe?.indexOf(event.id) ?? -1;
  const ready = owed.filter((each) => isReady(each, due));
  return ready.sort((a, b) => failedOf(a) - failedOf(b) || dueOf(a) - dueOf(b) || 0);
}

function claimFrom(state: MemoryState, queue: MemoryQueue, { limit, ...options }: ClaimOptions): Delivery[] {
  // Of several events with one id, one comes after the other.
  const out = new Set(queue.owed.filter(({ claimed }) => claimed).map(({ event }) => event.id));
  return readyIn(queue, options)
    .filter(({ event }) => !out.has(event.id) && out.add(event.id))
    .slice(0, limit)
    .map((owed) => {
      owed.claimed = true;
      const { event, attempts } = owed;
      const acceptedAt = Date.parse(event.time);
      const delivery = { event, endpoint: queue.endpoint, attempts, acceptedAt };
      state.claims.set(delivery, { owed, term: queue.term });
      return delivery;
    });
}

function claimOf({ claims }: MemoryState, delivery: Delivery): { owed: Owed; term: number } {
  const claim = claims.get(delivery);
  if (claim === undefined) throw new Error('a delivery is settled once, by the drain that claimed it');
  return claim;
}

/** Ends a claim, and returns what was claimed; undefined where the claim was over already. */
function endClaim(state: MemoryState, queue: MemoryQueue, delivery: Delivery): Owed | undefined {
  const { owed, term } = claimOf(state, delivery);
  state.claims.delete(delivery);
  if (term !== queue.term) return undefined;
  owed.claimed = false;
  return owed;
}
