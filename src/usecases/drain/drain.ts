/**
 * Draining: intake, then attempts, until there is nothing more to do. All that
 * lasts is in the lease; everything here can be lost at any moment.
 */
import { setImmediate } from 'node:timers/promises';
import { parkedUntil } from '../../endpoint/health.js';
import { CapnhookError } from '../../shared/errors.js';
import { longestTimerMs } from '../../shared/timer.js';
import { createAlarm } from './alarm.js';
import { createAttempts } from './attempts.js';
import { createIntake } from './intake.js';
import type { DrainOptions, DrainPorts, DrainSummary } from './ports.js';
import { createResting } from './resting.js';
import { createRouting } from './routing.js';
import { createSettler } from './settle.js';

/** How soon a hooks file that is being written is looked at again, in ms. */
const unsettledMs = 200;

/** What is told in one line is gathered for so long, in ms. */
const gatherMs = 1_000;

/**
 * Drains until `options.until` is reached or it is stopped.
 * @throws CapnhookError `BUSY` if the spool was replaced under it; whatever the lease throws
 */
export async function drain(ports: DrainPorts, options: DrainOptions): Promise<DrainSummary> {
  const { lease, hooks, clock } = ports;
  const { until, stop, abort, showUrls = false } = options;
  const summary = emptySummary();
  const alarm = createAlarm();
  const routing = createRouting(hooks);
  const isPass = until === 'pass';
  const beganAt = clock.now();
  const resting = createResting(clock, { isPass });
  const settler = createSettler(ports, { summary, showUrls, resting, isStopping });
  const { maxInFlight } = options;
  const shared = { routing, settler, resting, isStopping, dueAt };
  const attempts = createAttempts(ports, { ...shared, maxInFlight, onHome: alarm.ring });
  const intake = createIntake(ports, { routing, settler, isPass, summary });
  const deadline = until === 'wait' ? clock.monotonic() + (options.waitMs ?? 0) : Infinity;
  let grace: NodeJS.Timeout | undefined;
  let toldAt = clock.monotonic();
  /** For how long nothing could be started when it was last looked, in ms. */
  let heldMs = 0;

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

  /** A pass is about what was due when it began: so it ends, whatever comes back meanwhile. */
  function dueAt(): number {
    return isPass ? Math.min(beganAt, clock.now()) : clock.now();
  }

  async function takeIn(): Promise<void> {
    intake.begin();
    do {
      await intake.step();
      if (!(await attempts.fill())) alarm.ring();
      await setImmediate(); // answers that have come in are heard between two steps
    } while (intake.mayGoOn() && !attempts.failure() && !isStopping());
  }

  async function isFinished(): Promise<boolean> {
    if (isStopping()) return true;
    if (until === 'daemon' || intake.isUnsettled() || heldMs > 0) return false;
    if (isPass) return true;
    return lease.owing().length === 0 && (await lease.waiting()) === 0;
  }

  /** How long there is nothing to do, in ms, unless something happens. @param lookedAt when it was last looked, monotonic ms */
  function idleMs(lookedAt: number): number {
    if (isStopping() && attempts.count() > 0) return Infinity;
    const soonest = Math.min(intake.isUnsettled() ? unsettledMs : Infinity, heldMs || Infinity);
    if (isPass) return soonest;
    let idle = Math.min(soonest, options.rescanMs, deadline - clock.monotonic());
    const ready = new Set(lease.ready({ now: clock.now() }));
    for (const id of lease.owing()) {
      if (lease.health(id).paused !== undefined || attempts.isBusy(id)) continue;
      const wait = waitOf(id, ready.has(id));
      // What became due since it was looked is not to be missed.
      if (wait > lookedAt - clock.monotonic()) idle = Math.min(idle, wait);
    }
    return Math.max(idle, 1);
  }

  /** How long an endpoint cannot be tried, in ms. */
  function waitOf(id: string, isReady: boolean): number {
    const now = clock.now();
    const parked = parkedUntil(lease.health(id), now, routing.settingsOf(id).retry);
    const due = Math.max(parked, isReady ? 0 : (lease.nextDue(id) ?? 0));
    return Math.max(due - now, resting.leftMs(id));
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
      const lookedAt = clock.monotonic();
      heldMs = resting.pauseMs();
      if (!isStopping()) await takeIn();
      tellGathered();
      // What came back since the last attempt was started may let the next one start.
      if (attempts.count() === 0 && !alarm.hasRung() && (await isFinished())) return;
      if (isStopping()) startGrace();
      await alarm.wait(idleMs(lookedAt));
    }
  }

  const unwatch = isPass ? () => {} : lease.onHint(alarm.ring);
  hooks.onInvalidate?.(alarm.ring);
  stop?.addEventListener('abort', onStop);
  abort?.addEventListener('abort', onAbort);
  try {
    if (stop?.aborted) startGrace();
    await loop();
  } catch (error) {
    throw lease.valid() ? error : replaced();
  } finally {
    unwatch();
    // After an error something may be in flight still: what it comes to is to be known.
    if (attempts.count() > 0) startGrace();
    await attempts.settled();
    clearTimeout(grace);
    stop?.removeEventListener('abort', onStop);
    abort?.removeEventListener('abort', onAbort);
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
