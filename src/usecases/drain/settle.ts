/** What becomes of a delivery, and of its endpoint's health, after an attempt. */
import { setImmediate } from 'node:timers/promises';
import type { AttemptResult } from '../../delivery/sender.js';
import { type Verdict, verdictOf } from '../../delivery/verdict.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { afterAttempt, backOffMs, failuresOf, isGivenUp, type Outcome } from '../../endpoint/health.js';
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import type { Corrupt, Delivery } from '../../spool/spool.js';
import type { DrainPorts, DrainSummary } from './ports.js';
import type { Resting } from './resting.js';
import { type Attempted, createTelling } from './telling.js';

export interface Settler {
  settle(attempted: Attempted): Promise<void>;
  /** The endpoint is not registered for the event any more. */
  buryDeregistered(delivery: Delivery): Promise<void>;
  /** Settles a delivery that was made, and could not be settled then; false if it was not made. */
  finish(delivery: Delivery): Promise<boolean>;
  /** Which attempt of the delivery comes next, from 1. */
  attemptNumber(delivery: Delivery): number;
  noteCorrupt(entry: Corrupt): void;
  /** Tells of it once, however often it cannot be read. */
  noteUnread(entry: Corrupt): void;
  /** Tells what was gathered to be told in one line. */
  flushNotices(): void;
}

/** So many deliveries are looked at together when old ones are given up. */
const sweepSize = 64;

export interface SettlerOptions {
  /** Counts what was done. */
  summary: DrainSummary;
  showUrls: boolean;
  resting: Resting;
  /** Whether what can wait is left for the next drain. */
  isStopping(): boolean;
}

/** What follows from attempts, for the deliveries of a lease. */
export function createSettler(ports: DrainPorts, options: SettlerOptions): Settler {
  const { summary, showUrls, resting, isStopping } = options;
  const { lease, clock, random } = ports;
  const telling = createTelling(ports, showUrls);
  /** Made, and still in the spool: these are not to be sent again. */
  const made = new Set<string>();

  function attemptNumber({ event, endpoint, attempts }: Delivery): number {
    return attempts + failuresOf(lease.health(endpoint), event.id) + 1;
  }

  /**
   * Changes a delivery in the spool. What the spool refuses concerns that delivery
   * alone: it is told, and its endpoint is left alone for a while.
   */
  async function settled(delivery: Delivery, change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      if (!isRefusal(error) || !lease.valid()) throw error;
      const name = `${delivery.event.id} for ${delivery.endpoint}`;
      telling.unread({ name, reason: `it cannot be settled now: ${error.message}` });
      resting.rest(delivery.endpoint, 'spool');
      letGo(delivery);
      return false;
    }
  }

  function letGo(delivery: Delivery): void {
    try {
      lease.release(delivery);
    } catch {
      // The lease let go of the claim before its call failed. The delivery waits for the next drain.
    }
  }

  async function finish(delivery: Delivery): Promise<void> {
    const key = keyOf(delivery);
    if (await settled(delivery, () => lease.done(delivery))) made.delete(key);
    else made.add(key);
  }

  async function bury(delivery: Delivery, why: Grave): Promise<boolean> {
    const { attempts = attemptNumber(delivery) - 1 } = why;
    const time = new Date(clock.now()).toISOString();
    const { reason, message } = why;
    if (!(await settled(delivery, () => lease.bury(delivery, { reason, message, attempts, time }))))
      return false;
    summary.gaveUp += 1;
    telling.buried(delivery, why);
    return true;
  }

  /** The endpoint's health after the attempt, saved, and told where it turned. */
  async function updateHealth({ delivery, endpoint, startedAt }: Attempted, outcome: Outcome): Promise<void> {
    const before = lease.health(endpoint.id);
    const { id } = delivery.event;
    const worked = outcome.kind === 'ok' || outcome.kind === 'rejected';
    if (worked && !before.failures && failuresOf(before, id) === 0) return; // nothing would change
    const moment = { policy: endpoint.retry, now: clock.now(), random: random() };
    const after = afterAttempt(before, { outcome, event: id, startedAt }, moment);
    await lease.saveHealth(endpoint.id, after);
    telling.health(endpoint, { before, after, outcome });
  }

  /** The delivery has a schedule of its own, in which its endpoint's failures do not count. */
  async function reject({ delivery, endpoint, attempt }: Attempted, what: string): Promise<void> {
    const { retry } = endpoint;
    const rejections = delivery.attempts + 1;
    if (rejections > retry.scheduleMs.length) {
      const message = `rejected ${rejections} times; last answer: ${what}`;
      await bury(delivery, { reason: 'gave-up', message, endpoint, attempts: attempt });
      return;
    }
    // A pass looks at what was due when it began: never is what it defers due by then.
    const dueMs = clock.now() + Math.max(backOffMs(retry, rejections, random()), 1);
    const deferred = await settled(delivery, () => lease.defer(delivery, { dueMs, attempts: rejections }));
    if (deferred && rejections === 1) telling.rejected(delivery, { endpoint, what, dueMs });
  }

  function isTooOld(delivery: Delivery, { giveUpAfterMs }: Endpoint): boolean {
    const { acceptedAt } = delivery;
    return isGivenUp(lease.health(delivery.endpoint), { acceptedAt, giveUpAfterMs, now: clock.now() });
  }

  /** An endpoint that fails for long is tried rarely: all that has become too old goes together. */
  async function giveUpOld(endpoint: Endpoint): Promise<void> {
    const message = `it failed for too long; last: ${lease.health(endpoint.id).last}`;
    while (!isStopping()) {
      const { deliveries, corrupt, unread } = await lease.claim(endpoint.id, {
        limit: sweepSize,
        now: clock.now(),
      });
      corrupt.forEach(noteCorrupt);
      unread.forEach(telling.unread);
      let buried = 0;
      let refused = false;
      for (const delivery of deliveries) {
        const isOld = isTooOld(delivery, endpoint) && !made.has(keyOf(delivery));
        if (refused || !isOld) lease.release(delivery);
        else if (await bury(delivery, { reason: 'gave-up', message, endpoint })) buried += 1;
        else refused = true;
      }
      if (refused || buried < sweepSize) return;
      await setImmediate(); // the other endpoints' answers and signals are heard in between
    }
  }

  function noteCorrupt(entry: Corrupt): void {
    summary.corrupt += 1;
    telling.corrupt(entry);
  }

  async function apply(attempted: Attempted, verdict: Verdict): Promise<void> {
    const { delivery, endpoint } = attempted;
    switch (verdict.kind) {
      case 'delivered':
        summary.delivered += 1;
        resting.wake(endpoint.id);
        await finish(delivery);
        return updateHealth(attempted, { kind: 'ok' });
      case 'aborted':
        return lease.release(delivery);
      case 'ours':
        resting.rest(endpoint.id, 'ours');
        return lease.release(delivery);
      case 'rejected':
        summary.failed += 1;
        await updateHealth(attempted, { kind: 'rejected' });
        return reject(attempted, verdict.what);
      case 'gone':
      case 'failed':
        summary.failed += 1;
        resting.rest(endpoint.id, 'failed');
        await updateHealth(attempted, outcomeOf(verdict, attempted.result));
        lease.release(delivery);
        if (isTooOld(delivery, endpoint)) await giveUpOld(endpoint);
    }
  }

  return {
    async settle(attempted) {
      const verdict = verdictOf(attempted.result, clock.now());
      telling.attempt(attempted, verdict);
      await apply(attempted, verdict);
    },
    async buryDeregistered(delivery) {
      const message = 'it is not registered any more';
      await bury(delivery, { reason: 'deregistered', message });
    },
    async finish(delivery) {
      if (!made.has(keyOf(delivery))) return false;
      await finish(delivery);
      return true;
    },
    attemptNumber,
    noteCorrupt,
    noteUnread: telling.unread,
    flushNotices: telling.flush,
  };
}

/** Why a delivery is given up, and after how many attempts where that is not what is recorded so far. */
interface Grave {
  reason: 'gave-up' | 'deregistered';
  message: string;
  /** Unless it is not known any more. */
  endpoint?: Endpoint;
  attempts?: number;
}

/** Whether the spool said no, as a disk does; all else is a bug. */
function isRefusal(error: unknown): error is Error {
  return error instanceof CapnhookError || errnoOf(error) !== undefined;
}

function keyOf({ event, endpoint }: Delivery): string {
  return `${endpoint} ${event.id}`;
}

function outcomeOf(verdict: Extract<Verdict, { kind: 'gone' | 'failed' }>, result: AttemptResult): Outcome {
  if (verdict.kind === 'gone') return { kind: 'gone' };
  return { ...verdict, ...(result.kind === 'error' && { message: result.message }) };
}
