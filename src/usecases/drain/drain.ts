/**
 * Draining: intake, then attempts, until there is nothing more to do. All that
 * lasts is in the lease; everything here can be lost at any moment.
 */
import { setImmediate } from 'node:timers/promises';
import { CapnhookError } from '../../shared/errors.js';
import type { FanOut } from '../../spool/spool.js';
import { createAlarm, longestTimerMs } from './alarm.js';
import { createAttempts } from './attempts.js';
import type { DrainOptions, DrainPorts, DrainSummary } from './ports.js';
import { createRouting } from './routing.js';
import { createSettler } from './settle.js';

/** What is told in one line is gathered for so long, in ms. */
const gatherMs = 1_000;

/**
 * Drains until `options.until` is reached or it is stopped.
 * @throws CapnhookError `BUSY` if the spool was replaced under it; whatever the lease throws
 */
export async function drain(ports: DrainPorts, options: DrainOptions): Promise<DrainSummary> {
  const { lease, hooks, clock, journal, report } = ports;
  const { until, stop, abort, showUrls = false } = options;
  const summary = emptySummary();
  const alarm = createAlarm();
  const routing = createRouting(hooks);
  const settler = createSettler(ports, { summary, showUrls, isStopping });
  const { maxInFlight } = options;
  const attempts = createAttempts(ports, { routing, settler, maxInFlight, isStopping, onHome: alarm.ring });
  const deadline = until === 'wait' ? clock.monotonic() + (options.waitMs ?? 0) : Infinity;
  let grace: NodeJS.Timeout | undefined;
  let toldAt = clock.monotonic();

  function isStopping(): boolean {
    return stop?.aborted === true || abort?.aborted === true || clock.monotonic() >= deadline;
  }

  function startGrace(): void {
    grace ??= setTimeout(attempts.cutOff, Math.min(options.graceMs, longestTimerMs));
  }

  function onStop(): void {
    startGrace();
    alarm.ring();
  }

  function onAbort(): void {
    attempts.cutOff();
    alarm.ring();
  }

  async function refreshHooks(): Promise<void> {
    const refreshed = await routing.refresh();
    if (refreshed.kind === 'broken') report({ kind: 'hooks-broken', error: refreshed.error });
    if (refreshed.kind === 'reloaded') report({ kind: 'hooks-reloaded' });
  }

  async function takeIn(): Promise<void> {
    let step: FanOut;
    do {
      await refreshHooks(); // whoever registers and then fires is to be heard
      step = await lease.fanOut((event) => routing.endpointsFor(event).map(({ id }) => id));
      noteFanOut(step);
      if (!(await attempts.fill())) alarm.ring();
      await setImmediate(); // answers that have come in are heard between two steps
    } while (step.more && step.events + step.corrupt.length > 0 && !attempts.failure() && !isStopping());
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

  async function isFinished(): Promise<boolean> {
    if (isStopping() || until === 'pass') return true;
    if (until === 'daemon') return false;
    return lease.owing().length === 0 && (await lease.waiting()) === 0;
  }

  /** How long there is nothing to do, in ms, unless something happens. */
  function idleMs(): number {
    if (until === 'pass' || (isStopping() && attempts.count() > 0)) return Infinity;
    const now = clock.now();
    const ready = new Set(lease.ready(now));
    let idle = Math.min(options.rescanMs, deadline - clock.monotonic());
    for (const id of lease.owing()) {
      const health = lease.health(id);
      if (health.paused !== undefined || attempts.isBusy(id)) continue;
      const due = Math.max(health.parkedUntil ?? 0, ready.has(id) ? 0 : (lease.nextDue(id) ?? 0));
      if (due > now) idle = Math.min(idle, due - now);
    }
    return Math.max(idle, 1);
  }

  /** Many that are given up together are told in one line, at the end or each second. */
  function tellGathered(): void {
    const idle = attempts.count() === 0 && !alarm.hasRung();
    if (!idle && clock.monotonic() - toldAt < gatherMs) return;
    settler.flushNotices();
    toldAt = clock.monotonic();
  }

  async function loop(): Promise<void> {
    for (;;) {
      if (attempts.failure() !== undefined) throw attempts.failure();
      if (!lease.valid()) throw replaced();
      if (!isStopping()) await takeIn();
      tellGathered();
      // What came back since the last attempt was started may let the next one start.
      if (attempts.count() === 0 && !alarm.hasRung() && (await isFinished())) return;
      if (isStopping()) startGrace();
      await alarm.wait(idleMs());
    }
  }

  const unwatch = until === 'pass' ? () => {} : lease.onHint(alarm.ring);
  stop?.addEventListener('abort', onStop);
  abort?.addEventListener('abort', onAbort);
  try {
    if (stop?.aborted) startGrace();
    await loop();
  } catch (error) {
    throw lease.valid() ? error : replaced();
  } finally {
    clearTimeout(grace);
    unwatch();
    stop?.removeEventListener('abort', onStop);
    abort?.removeEventListener('abort', onAbort);
    attempts.cutOff();
    await attempts.settled();
    settler.flushNotices();
  }
  for (const id of lease.owing()) summary.owed += await lease.owed(id);
  summary.waiting = await lease.waiting();
  return summary;
}

function emptySummary(): DrainSummary {
  return { delivered: 0, failed: 0, gaveUp: 0, noReceivers: 0, corrupt: 0, owed: 0, waiting: 0 };
}

function replaced(): CapnhookError {
  return new CapnhookError('BUSY', 'Cannot go on draining: the spool was removed or replaced meanwhile', {
    hint: 'Start the drain anew.',
  });
}
