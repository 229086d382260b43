/**
 * Draining: intake, then attempts, round robin over the endpoints, until there
 * is nothing more to do. All that lasts is in the lease; everything here can
 * be lost at any moment.
 */
import { setImmediate } from 'node:timers/promises';
import { allowedConcurrency, isOpen } from '../../endpoint/health.js';
import type { Hooks } from '../../hooks/hooks.js';
import { createRouter, type Router } from '../../hooks/match.js';
import { CapnhookError } from '../../shared/errors.js';
import type { FanOut } from '../../spool/spool.js';
import { createAlarm, longestTimerMs } from './alarm.js';
import type { DrainOptions, DrainPorts, DrainSummary } from './ports.js';
import { createSettler } from './settle.js';

/** So many rounds over the endpoints are made at most before the world is looked at again. */
const roundsAtOnce = 64;

/** What is told in one line is gathered for so long, in ms. */
const gatherMs = 1_000;

/**
 * Drains until `options.until` is reached or it is stopped.
 * @throws CapnhookError `BUSY` if the spool was replaced under it; whatever the lease throws
 */
export async function drain(ports: DrainPorts, options: DrainOptions): Promise<DrainSummary> {
  const { lease, hooks, sender, clock, journal, report } = ports;
  const summary: DrainSummary = {
    delivered: 0,
    failed: 0,
    gaveUp: 0,
    noReceivers: 0,
    corrupt: 0,
    owed: 0,
    waiting: 0,
  };
  const alarm = createAlarm();
  const cutOff = new AbortController();
  const inFlight = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const settler = createSettler(ports, { summary, isStopping });
  const deadline = options.until === 'wait' ? clock.monotonic() + (options.waitMs ?? 0) : Infinity;
  let router: Router = createRouter(hooks.current());
  let registered = registeredIn(hooks.current());
  let grace: NodeJS.Timeout | undefined;
  let failure: unknown;

  function isStopping(): boolean {
    return options.stop?.aborted === true || options.abort?.aborted === true || clock.monotonic() >= deadline;
  }

  function startGrace(): void {
    grace ??= setTimeout(() => cutOff.abort(), Math.min(options.graceMs, longestTimerMs));
  }

  function onStop(): void {
    startGrace();
    alarm.ring();
  }

  function onAbort(): void {
    cutOff.abort();
    alarm.ring();
  }

  async function refreshHooks(): Promise<void> {
    const refreshed = await hooks.refresh();
    if (refreshed.kind === 'broken') report({ kind: 'hooks-broken', error: refreshed.error });
    if (refreshed.kind !== 'reloaded') return;
    router = createRouter(hooks.current());
    registered = registeredIn(hooks.current());
    report({ kind: 'hooks-reloaded' });
  }

  async function takeIn(): Promise<void> {
    let step: FanOut;
    do {
      await refreshHooks(); // whoever registers and then fires is to be heard
      step = await lease.fanOut((event) => router.endpointsFor(event).map(({ id }) => id));
      noteFanOut(step);
      await fill();
      await setImmediate(); // answers that have come in are heard between two steps
    } while (step.more && step.events + step.corrupt.length > 0 && failure === undefined && !isStopping());
  }

  function noteFanOut({ noReceivers, corrupt, unread }: FanOut): void {
    const time = new Date(clock.now()).toISOString();
    summary.noReceivers += noReceivers.length;
    for (const { id, hook } of noReceivers) {
      const named = { event: id, ...(hook !== undefined && { hook }) };
      journal.write({ time, what: 'no-receivers', ...named });
      report({ kind: 'no-receivers', ...named });
    }
    corrupt.forEach(settler.noteCorrupt);
    unread.forEach(settler.noteUnread);
  }

  /** Starts attempts, one an endpoint in turn, as far as the limits allow. */
  async function fill(): Promise<void> {
    for (let round = 0; round < roundsAtOnce; round += 1) {
      let started = false;
      for (const endpoint of rotated(lease.ready(clock.now()))) {
        if (failure !== undefined || isStopping() || running.size >= options.maxInFlight) return;
        if (mayTry(endpoint) && (await take(endpoint))) started = true;
      }
      if (!started) return;
    }
    alarm.ring(); // there may be more to start
  }

  let turn = 0;
  /** Begins at another endpoint each time, so that none is always last. */
  function rotated(endpoints: readonly string[]): string[] {
    turn += 1;
    const first = turn % Math.max(endpoints.length, 1);
    return [...endpoints.slice(first), ...endpoints.slice(0, first)];
  }

  function mayTry(id: string): boolean {
    const health = lease.health(id);
    const busy = inFlight.get(id) ?? 0;
    if (isOpen(health, clock.now())) return busy < allowedConcurrency(health, concurrencyOf(id));
    // Nobody is registered under that id any more: only its deliveries can tell what becomes of them.
    return !registered.has(id) && busy === 0;
  }

  function concurrencyOf(id: string): number {
    const { endpoints, defaults } = hooks.current();
    return (endpoints.get(id) ?? defaults).concurrency;
  }

  /** Claims one delivery and starts its attempt; false if there was none to claim. */
  async function take(id: string): Promise<boolean> {
    const { deliveries, corrupt, unread } = await lease.claim(id, { limit: 1, now: clock.now() });
    corrupt.forEach(settler.noteCorrupt);
    unread.forEach(settler.noteUnread);
    const [delivery] = deliveries;
    if (delivery === undefined) return corrupt.length > 0;
    const endpoint = router.endpointFor(delivery.event, id);
    if (endpoint === undefined) {
      await settler.buryDeregistered(delivery);
      await setImmediate(); // there may be a million of them, and others to hear
      return true;
    }
    if (isStopping() || !isOpen(lease.health(id), clock.now())) {
      lease.release(delivery);
      return false;
    }
    const attempt = (async () => {
      const attemptNumber = settler.attemptNumber(delivery);
      const startedAt = clock.now();
      const before = clock.monotonic();
      const result = await sender.send({
        event: delivery.event,
        endpoint,
        attempt: attemptNumber,
        timestamp: Math.floor(startedAt / 1000),
        signal: cutOff.signal,
      });
      const ms = Math.round(clock.monotonic() - before);
      await settler.settle({ delivery, endpoint, attempt: attemptNumber, startedAt, ms, result });
    })();
    follow(id, attempt);
    return true;
  }

  function follow(id: string, attempt: Promise<void>): void {
    inFlight.set(id, (inFlight.get(id) ?? 0) + 1);
    const followed: Promise<void> = attempt
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        inFlight.set(id, (inFlight.get(id) ?? 1) - 1);
        running.delete(followed);
        alarm.ring();
      });
    running.add(followed);
  }

  async function isFinished(): Promise<boolean> {
    if (isStopping() || options.until === 'pass') return true;
    if (options.until === 'daemon') return false;
    return lease.owing().length === 0 && !(await hasWaiting());
  }

  /** What `fanOut` left behind counts as waiting; what came meanwhile is found by the next round. */
  async function hasWaiting(): Promise<boolean> {
    summary.waiting = await lease.waiting();
    return summary.waiting > 0;
  }

  /** How long there is nothing to do, in ms, unless something happens. */
  function idleMs(): number {
    const now = clock.now();
    let idle = options.until === 'pass' ? Infinity : Math.min(options.rescanMs, deadline - clock.monotonic());
    if (options.until === 'pass' || isStopping()) return idle;
    const ready = new Set(lease.ready(now));
    for (const id of lease.owing()) {
      const health = lease.health(id);
      if (health.paused !== undefined || (inFlight.get(id) ?? 0) > 0) continue;
      const due = Math.max(health.parkedUntil ?? 0, ready.has(id) ? 0 : (lease.nextDue(id) ?? 0));
      if (due > now) idle = Math.min(idle, due - now);
    }
    return Math.max(idle, 1);
  }

  let toldAt = clock.monotonic();
  /** Many that are given up together are told in one line, at the end or each second. */
  function tellGathered(): void {
    const idle = running.size === 0 && !alarm.hasRung();
    if (!idle && clock.monotonic() - toldAt < gatherMs) return;
    settler.flushNotices();
    toldAt = clock.monotonic();
  }

  async function loop(): Promise<void> {
    for (;;) {
      if (failure !== undefined) throw failure;
      if (!lease.valid()) throw replaced();
      if (!isStopping()) await takeIn();
      tellGathered();
      // What came back since the last attempt was started may let the next one start.
      if (running.size === 0 && !alarm.hasRung() && (await isFinished())) return;
      if (isStopping()) startGrace();
      await alarm.wait(running.size > 0 && isStopping() ? Infinity : idleMs());
    }
  }

  const unwatch = options.until === 'pass' ? () => {} : lease.onHint(alarm.ring);
  options.stop?.addEventListener('abort', onStop);
  options.abort?.addEventListener('abort', onAbort);
  try {
    if (options.stop?.aborted) startGrace();
    await loop();
  } finally {
    clearTimeout(grace);
    unwatch();
    options.stop?.removeEventListener('abort', onStop);
    options.abort?.removeEventListener('abort', onAbort);
    cutOff.abort();
    await Promise.all(running);
    settler.flushNotices();
  }
  for (const id of lease.owing()) summary.owed += await lease.owed(id);
  summary.waiting = await lease.waiting();
  return summary;
}

/** The endpoints that any hook is registered with. */
function registeredIn({ registrations }: Hooks): ReadonlySet<string> {
  return new Set(registrations.flatMap(({ endpoints }) => endpoints.map(({ id }) => id)));
}

function replaced(): CapnhookError {
  return new CapnhookError('BUSY', 'Cannot go on draining: the spool was removed or replaced meanwhile', {
    hint: 'Start the drain anew; nothing of the old spool was touched.',
  });
}
