/** The attempts in flight: starts them, round robin over the endpoints and within every limit, and sees them home. */
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import { allowedConcurrency, isBlocking, isInRun, probeOf } from '../../../endpoint/health.js';
import type { CutSignal } from '../../../shared/cut.js';
import type { Delivery, Due } from '../../../spool/spool.js';
import type { Holds } from '../holds.js';
import type { DrainPorts } from '../ports.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Settler } from '../settling/settle.js';
import { createCuts } from './cuts.js';
import { createGate } from './gate.js';
import { createInFlight } from './in-flight.js';
import { createLargePayloads } from './large-payloads.js';
import { createRoundRobin } from './round-robin.js';
import { createShares, firstRanks, mostInFlight } from './shares.js';

/** So much is claimed at most before the world is looked at again; at first one turn, so that the first attempts begin soon. */
const mostAtOnce = 1024;

/** And for so long, in ms: what is buried, or settled anew, takes its time and none of the places in flight. */
const fillMs = 50;

/** A pass waits for an endpoint's rate no longer than this, in ms; the next pass goes on. */
const passPatienceMs = 2_000;

/** A pass goes on with an endpoint that rejects one delivery after another for so long, in ms; the next pass goes on. */
const runPatienceMs = 30_000;

/** How soon it is looked again for deliveries that could not be read, in ms. */
const lookForUnreadMs = 2_000;

/** An endpoint's turn is up to so many deliveries: those that are settled together share an fsync of their directory. */
const turnLength = 4;

export interface Attempts {
  /** Looks at all endpoints anew. @returns in how many ms another one may be tried; Infinity if none waits for its time */
  look(): number;
  /** Whether an endpoint can be sent to now, as far as is known: it works, and has neither a rate nor a strict order. */
  canSendNow(endpoint: string): boolean;
  /** Starts what the limits allow; false if there may be more to start at once. */
  fill(): Promise<boolean>;
  /** How many are in flight, or not settled yet. */
  count(): number;
  /** Cuts off all that are in flight. */
  cutOff(): void;
  /** Resolves when all are settled. */
  settled(): Promise<void>;
  /** What the lease failed with while one was settled; then nothing is started any more. */
  failure(): unknown;
  /** In how many ms `fill` may start more although nothing has happened; Infinity for never. */
  againMs(): number;
}

export interface AttemptsOptions {
  routing: Routing;
  settler: Settler;
  holds: Holds;
  /** Places in flight that the endpoints share. */
  maxInFlight(): number;
  /** How many file descriptors this process may have, and how many connections are kept idle. */
  limits: { descriptors?: number; idle: number };
  cooldowns: Cooldowns;
  /** A pass is about what was due when it began. */
  isPass: boolean;
  /** A drain that has a deadline tries a parked endpoint every so many ms, whatever its schedule says. Default: it does not. */
  tryEveryMs?: number | undefined;
  isStopping(): boolean;
  /** Told when one has come home, and when it is settled. */
  onHome(): void;
}

/** Starts attempts, and follows each of them until it is settled. */
export function createAttempts(ports: DrainPorts, options: AttemptsOptions): Attempts {
  const { lease, sender, clock } = ports;
  const { routing, settler, holds, maxInFlight, limits, cooldowns, isPass, isStopping, onHome } = options;
  const gate = createGate(ports, { routing, cooldowns, tryEveryMs: options.tryEveryMs });
  const most = () => mostInFlight(maxInFlight(), limits);
  const isFailing = (id: string) => lease.health(id).failures !== undefined;
  const shares = createShares({ maxInFlight, most, now: clock.monotonic, isFailing });
  const roundRobin = createRoundRobin({ rankOf: shares.rankOf, firstRanks });
  const payloads = createLargePayloads(roundRobin.add);
  const cuts = createCuts();
  /** Endpoints that are not registered, are parked, and whose next delivery is wanted all the same. */
  let wanted = { by: routing.version(), ids: new Set<string>() };
  const inFlight = createInFlight(shares, (id) => {
    roundRobin.add(id);
    onHome();
  });
  const beganAt = clock.now();
  const beganAtMonotonic = clock.monotonic();
  let atOnce = turnLength;
  let failure: unknown;

  function mayGoOn(): boolean {
    return failure === undefined && !isStopping() && cooldowns.leftForAllMs() === 0;
  }

  /** So a pass ends, whatever comes back meanwhile. */
  function due(): Due {
    const now = clock.now();
    return { now: isPass ? Math.min(beganAt, now) : now, latest: now + routing.longestBackOffMs() };
  }

  function hasRoom(id: string): boolean {
    const allowed = allowedConcurrency(lease.health(id), routing.settingsOf(id));
    return shares.at(id) < allowed;
  }

  /** Nobody is registered under that id any more: only its deliveries can tell what becomes of them. */
  function isLeftOver(id: string): boolean {
    if (routing.isRegistered(id) || shares.at(id) > 0 || cooldowns.isCoolingDown(id)) return false;
    if (wanted.by !== routing.version()) wanted = { by: routing.version(), ids: new Set() };
    return !wanted.ids.has(id);
  }

  function mayTry(id: string): boolean {
    if (payloads.isWaiting(id)) return false;
    if (gate.closedMs(id) > 0) return isLeftOver(id);
    return hasRoom(id) && gate.pacedMs(id) === 0;
  }

  /** In how many ms it can be tried, if it is worth waiting for. */
  function opensInMs(id: string): number {
    const [closedMs, pacedMs] = [gate.closedMs(id), gate.pacedMs(id)];
    if (!isPass) return Math.max(closedMs, pacedMs);
    const isOver = clock.monotonic() - beganAtMonotonic > runPatienceMs && isInRun(lease.health(id));
    return closedMs === 0 && !isOver && pacedMs <= passPatienceMs ? pacedMs : Infinity;
  }

  /** Claims one delivery and starts its attempt; false if there was none to claim. */
  async function take(id: string, dueNow: Due): Promise<boolean> {
    const settings = routing.settingsOf(id);
    const probe = probeOf(lease.health(id), settings);
    const inOrder = isBlocking(settings);
    const claim = await lease.claim(
      id,
      probe === undefined ? { limit: 1, inOrder, ...dueNow } : { limit: 1, inOrder, ...dueNow, probe },
    );
    settler.noteProblems(claim);
    const [delivery] = claim.deliveries;
    if (delivery === undefined) return claim.goesOn;
    if (settler.isDelivered(delivery)) {
      await settler.removeDelivered(delivery);
      return true;
    }
    const endpoint = routing.endpointFor(delivery.event, id);
    if (endpoint === undefined) {
      await holds.keep(delivery);
      await setImmediate(); // there may be a million of them, and others to hear
      return true;
    }
    const isClosed = gate.closedMs(id) > 0;
    if (isClosed) wanted.ids.add(id);
    const leaveRoom =
      isStopping() || isClosed ? undefined : payloads.enter(id, delivery.event.payload.byteLength);
    if (leaveRoom === undefined) {
      lease.release(delivery);
      return false;
    }
    wanted.ids.delete(id);
    void follow(id, delivery, { endpoint, leaveRoom });
    return true;
  }

  /** One attempt, until the spool has settled its delivery: a crash can repeat no more of them than have a place. */
  async function follow(
    id: string,
    delivery: Delivery,
    { endpoint, leaveRoom }: { endpoint: Endpoint; leaveRoom(): void },
  ): Promise<void> {
    const own = shares.isUnheard(id) ? cuts.own() : cuts.common;
    const end = inFlight.enter(id, own.cutOff);
    try {
      const attempted = await attempt(delivery, endpoint, own.signal);
      await settler.settle(attempted);
      // A body that is still coming keeps its place, so that the endpoint has no more connections than it may.
      if (attempted.result.kind === 'answer' && attempted.result.rest !== undefined)
        await attempted.result.rest;
    } catch (error) {
      failure ??= error;
    }
    own.end();
    leaveRoom();
    end();
  }

  async function attempt(
    delivery: Delivery,
    endpoint: Endpoint,
    signal: CutSignal,
  ): Promise<FinishedAttempt> {
    const { event } = delivery;
    const number = settler.attemptNumber(delivery);
    settler.began(delivery);
    const startedAt = clock.now();
    const before = clock.monotonic();
    const isEarly = gate.isEarly(endpoint.id);
    if (endpoint.rate !== undefined) await gate.started(endpoint);
    const timestamp = Math.floor(startedAt / 1000);
    const result = await sender.send({ event, endpoint, attempt: number, timestamp, signal });
    const ms = Math.round(clock.monotonic() - before);
    return { delivery, endpoint, attempt: number, startedAt, ms, isEarly, result };
  }

  return {
    look() {
      const ready = new Set(lease.ready(due()));
      let soonest = Infinity;
      for (const id of ready) {
        if (mayTry(id)) roundRobin.add(id);
        else if (hasRoom(id) && !payloads.isWaiting(id)) soonest = Math.min(soonest, opensInMs(id));
      }
      if (isPass) return soonest;
      for (const id of lease.owing()) {
        if (ready.has(id)) continue;
        const dueMs = lease.nextDue(id);
        // What cannot be read just now comes back by itself.
        if (dueMs === undefined && shares.at(id) === 0 && lease.onHold(id) === 0)
          soonest = Math.min(soonest, lookForUnreadMs);
        if (dueMs !== undefined) soonest = Math.min(soonest, Math.max(dueMs - clock.now(), opensInMs(id)));
      }
      return soonest;
    },
    canSendNow(id) {
      const { rate, order } = routing.settingsOf(id);
      return (
        routing.isRegistered(id) &&
        !isFailing(id) &&
        rate === undefined &&
        order !== 'strict' && // what comes back would be queued behind what was queued meanwhile
        gate.closedMs(id) <= 0 &&
        gate.pacedMs(id) <= 0
      );
    },
    async fill() {
      const dueNow = due();
      const until = clock.monotonic() + fillMs;
      let claims = 0;
      shares.update();
      while (claims < atOnce && clock.monotonic() < until) {
        const id = mayGoOn() ? roundRobin.next(shares.hasPlace) : undefined;
        if (id === undefined) {
          if (mayGoOn()) shares.giveWay(roundRobin.waitingAt);
          return true;
        }
        let goesOn = true;
        for (let n = 0; goesOn && n < turnLength && mayGoOn() && shares.hasPlace(id); n += 1) {
          claims += 1;
          goesOn = mayTry(id) && (await take(id, dueNow));
        }
        payloads.hadTurn(id);
        if (goesOn) roundRobin.add(id);
      }
      atOnce = Math.min(2 * atOnce, mostAtOnce);
      return false;
    },
    count: shares.count,
    cutOff: cuts.all,
    settled: inFlight.settled,
    failure: () => failure,
    againMs: () =>
      roundRobin.isEmpty() || !mayGoOn() ? Infinity : shares.againMs({ isFirst: roundRobin.hasFirst() }),
  };
}
