/** What becomes of a delivery, and of its endpoint's health, after an attempt. */
import { setImmediate } from 'node:timers/promises';
import { isSharedShortage, type Verdict, verdictOf } from '../../../delivery/answer/verdict.js';
import type { AttemptError, AttemptResult } from '../../../delivery/sender.js';
import {
  afterAttempt,
  afterHeadGivenUp,
  type Decision,
  isUnchangedBySuccess,
  type Outcome,
} from '../../../endpoint/after-attempt.js';
import { longestRetryAfterMs, ownRetryAt } from '../../../endpoint/back-off.js';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import { failuresOf, isGivenUp, isKeptTooLong, stateOf, toldStateOf } from '../../../endpoint/health.js';
import { momentOf } from '../../../shared/clock.js';
import { createSemaphore } from '../../../shared/semaphore.js';
import type { Deferral, Delivery, EntryProblem, KeptAnswer, Why } from '../../../spool/spool.js';
import type { DrainPorts, DrainSummary } from '../ports.js';
import { excerptOf, keptAnswer, withExcerpt } from '../reporting/answer.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Cooldowns } from './cooldowns.js';
import { createDeliveries } from './deliveries.js';
import { createLoneFailures } from './lone-failures.js';
import { createReachability } from './reachability.js';

export interface Settler {
  /** An attempt begins. */
  began(delivery: Delivery): void;
  /** Settles what came of an attempt. */
  settle(attempted: FinishedAttempt): Promise<void>;
  /** Gives up a delivery that was on hold for too long; false if the spool refused. */
  giveUpHeld(delivery: Delivery): Promise<boolean>;
  /** Its endpoint was deregistered while it was in flight. */
  buryDeregistered(delivery: Delivery): Promise<void>;
  /** Whether the delivery was made, and could not be settled then. */
  isMade(delivery: Delivery): boolean;
  /** Settles a delivery that was made. */
  finish(delivery: Delivery): Promise<void>;
  /** Which attempt of the delivery comes next, from 1. */
  attemptNumber(delivery: Delivery): number;
  /** What an endpoint's last attempt waited for, if it was cut off before it had a connection. */
  cutOff(endpoint: string): string | undefined;
  /** Gives up what a paused endpoint has been owed for longer than `keepMs`. */
  giveUpPaused(endpoint: string, keepMs: number): Promise<void>;
  noteCorrupt(entry: EntryProblem): void;
  /** Tells of it once, however often it cannot be read. */
  noteUnread(entry: EntryProblem): void;
}

/** So many deliveries are looked at together when old ones are given up. */
const sweepSize = 8;

/** And so many that are not old, with so many bytes, are kept in memory until the end: old ones may lie behind them. */
const mostYoung = 4096;
const mostYoungBytes = 32 * 2 ** 20;

/** What is said of an attempt that had no connection yet. */
const waitedFor = {
  name: 'the look-up of its host name has not answered',
  connection: 'there is no connection to it yet',
};

export interface SettlerOptions {
  /** Counts what was done. */
  summary: DrainSummary;
  reporter: Reporter;
  cooldowns: Cooldowns;
  /** Whether what can wait is left for the next drain. */
  isStopping(): boolean;
}

/** What follows from attempts, for the deliveries of a lease. */
export function createSettler(ports: DrainPorts, options: SettlerOptions): Settler {
  const { summary, reporter, cooldowns, isStopping } = options;
  const { lease, clock, random } = ports;
  const deliveries = createDeliveries(ports, { reporter, cooldowns });
  const loneFailures = createLoneFailures(lease);
  const sweeps = createSemaphore(1);
  const reachability = createReachability(clock);
  /** What endpoints' last attempts waited for when they were cut off. */
  const cutOff = new Map<string, string>();

  function attemptNumber({ event, endpoint, attempts }: Delivery): number {
    return attempts + failuresOf(lease.health(endpoint), event.id) + 1;
  }

  async function bury(delivery: Delivery, grave: Grave): Promise<boolean> {
    const { attempts = attemptNumber(delivery) - 1, reason, result } = grave;
    const time = new Date(clock.now()).toISOString();
    const message = withExcerpt(grave.message, result && excerptOf(result));
    const why: Why = { reason, message, attempts, time };
    const answer = result && keptAnswerTo(delivery, result);
    if (answer !== undefined) why.answer = answer;
    if (!(await deliveries.bury(delivery, why))) return false;
    summary.gaveUp += 1;
    reporter.buried(delivery, grave);
    return true;
  }

  function keptAnswerTo({ event }: Delivery, result: AttemptResult): KeptAnswer | undefined {
    return keptAnswer(result, { event: event.id, nowMs: clock.now() });
  }

  /** What becomes of the delivery; the endpoint's health is saved, and told where it turned. */
  function decide({ delivery, endpoint, startedAt, isEarly }: FinishedAttempt, outcome: Outcome): Decided {
    const before = lease.health(endpoint.id);
    const event = delivery.event.id;
    const isSuccess = outcome.kind === 'ok' && outcome.disables === undefined;
    if (isSuccess && isUnchangedBySuccess(before, event)) return { decision: 'delivered' };
    const moment = { ...momentOf(clock), random: random() };
    const attempt = { outcome, event, startedAt, isAlone: delivery.attempts > 0, isEarly };
    const { health, decision } = afterAttempt(before, attempt, { conduct: endpoint, ...moment });
    if (health === before) return { decision };
    // What is told must not be told again by the next drain, should this one be killed.
    const atOnce = stateOf(before) !== stateOf(health) || toldStateOf(before) !== toldStateOf(health);
    const saved = lease.saveHealth(endpoint.id, health, { atOnce }).then(() => {
      reporter.health(endpoint, { before, after: health, outcome });
    });
    return { decision, saved };
  }

  /** The delivery has a schedule of its own, in which its endpoint's failures do not count. */
  async function deferAlone(
    { delivery, endpoint, attempt, result }: FinishedAttempt,
    verdict: Told,
  ): Promise<void> {
    const { what, retryAfterMs = 0 } = verdict;
    const attempts = delivery.attempts + 1;
    const now = clock.now();
    const isFirst = loneFailures.isFirst(delivery);
    const ownDueMs = ownRetryAt(endpoint.retry, { attempts, now, random: random() });
    const dueMs = ownDueMs && Math.max(ownDueMs, now + Math.min(retryAfterMs, longestRetryAfterMs));
    if (dueMs === undefined) {
      const message = `failed alone ${attempts} times; last answer: ${what}`;
      await bury(delivery, { reason: 'gave-up', message, endpoint, attempts: attempt, result });
      return;
    }
    const deferral: Deferral = { dueMs, attempts };
    const answer = keptAnswerTo(delivery, result);
    if (answer !== undefined) deferral.answer = answer;
    if (!(await deliveries.defer(delivery, deferral))) return;
    reporter.failedAlone(delivery, {
      endpoint,
      what: withExcerpt(what, excerptOf(result)),
      dueMs,
      isFirst,
    });
  }

  async function wait({ delivery, endpoint, isEarly, result }: FinishedAttempt): Promise<void> {
    cooldowns.start(endpoint.id, isEarly ? 'early' : 'failed');
    const isPaused = lease.health(endpoint.id).paused !== undefined; // then it is kept
    if (isPaused || isEarly || !isTooOld(delivery, endpoint)) lease.release(delivery);
    else if (verdictOf(result, clock.now()).kind === 'rejected') await giveUpHead(delivery, endpoint, result);
    else await giveUpOld(delivery, endpoint, result);
  }

  /** An answer that speaks of the event proves that the endpoint works: those behind it have not had their turn. */
  async function giveUpHead(head: Delivery, endpoint: Endpoint, result: AttemptResult): Promise<void> {
    const { id } = endpoint;
    const message = `it was rejected for too long; last: ${lease.health(id).last}`;
    if (!(await bury(head, { reason: 'gave-up', message, endpoint, result }))) return;
    await lease.saveHealth(id, afterHeadGivenUp(lease.health(id), clock.now()));
  }

  function isTooOld({ acceptedAt, endpoint }: Delivery, { giveUpAfterMs }: Endpoint): boolean {
    return isGivenUp(lease.health(endpoint), { acceptedAt, giveUpAfterMs, ...momentOf(clock) });
  }

  /** An endpoint that fails for long is tried rarely: all that has become too old goes together. */
  async function giveUpOld(old: Delivery, endpoint: Endpoint, result: AttemptResult): Promise<void> {
    const message = `it failed for too long; last: ${lease.health(endpoint.id).last}`;
    const giveUp = (delivery: Delivery) => bury(delivery, { reason: 'gave-up', message, endpoint });
    if (!(await bury(old, { reason: 'gave-up', message, endpoint, result }))) return;
    const release = await sweeps.acquire();
    await sweep(endpoint, giveUp).finally(release);
  }

  /** Gives up what has become too old, until that is refused; the rest is given back. */
  async function sweep(endpoint: Endpoint, giveUp: (delivery: Delivery) => Promise<boolean>): Promise<void> {
    const young: Delivery[] = [];
    let youngBytes = 0;
    let isRefused = false;
    let goesOn = true;
    while (goesOn && !isRefused && young.length < mostYoung && youngBytes < mostYoungBytes && !isStopping()) {
      const claim = await lease.claim(endpoint.id, { limit: sweepSize, now: clock.now() });
      claim.quarantined.forEach(noteCorrupt);
      claim.postponed.forEach(reporter.postponed);
      goesOn = claim.goesOn;
      for (const delivery of claim.deliveries) {
        const isOld = isTooOld(delivery, endpoint) && !deliveries.isMade(delivery);
        if (isOld && !isRefused) isRefused = !(await giveUp(delivery));
        else {
          young.push(delivery);
          youngBytes += delivery.event.payload.byteLength;
        }
      }
      await setImmediate(); // the other endpoints' answers and signals are heard in between
    }
    for (const delivery of young) lease.release(delivery);
  }

  function noteCorrupt(entry: EntryProblem): void {
    summary.corrupt += 1;
    reporter.quarantined(entry);
  }

  function perform(attempted: FinishedAttempt, decision: Decision, verdict: Counted): Promise<unknown> {
    const { delivery, endpoint, attempt, result } = attempted;
    if (decision === 'waits') return wait(attempted);
    // The endpoint works, whatever it says of this delivery.
    cooldowns.end(endpoint.id);
    if (decision === 'delivered') return deliveries.done(delivery);
    const told: Told = { what: '', ...verdict };
    if (decision === 'alone') return deferAlone(attempted, told);
    const message = `the receiver wants it never again: ${told.what}`;
    return bury(delivery, { reason: 'refused', message, endpoint, attempts: attempt, result });
  }

  /** A person must put something right first: nothing is counted, and it is told once, from one drain to the next as well. */
  async function misconfigured(attempted: FinishedAttempt, error: AttemptError): Promise<void> {
    const { delivery, endpoint } = attempted;
    const { id } = endpoint;
    cooldowns.start(id, error.isLasting ? 'lasting-mistake' : 'mistake');
    lease.release(delivery);
    const health = lease.health(id);
    if (health.mistake === error.message) return;
    await lease.saveHealth(id, { ...health, mistake: error.message }, { atOnce: true });
    reporter.misconfigured(attempted, error);
  }

  /** This machine could not make the attempt: nothing is counted. */
  function putOff({ delivery, endpoint, result }: FinishedAttempt): void {
    cooldowns.start(endpoint.id, 'ours');
    lease.release(delivery);
    if (result.kind !== 'error') return;
    if (isSharedShortage(result.code)) cooldowns.startForAll();
    reporter.shortage(result);
  }

  /** Another endpoint was reached, so those that could not be have a trouble of their own. */
  async function countPostponed(postponed: readonly FinishedAttempt[]): Promise<void> {
    for (const attempted of postponed) {
      const verdict = verdictOf(attempted.result, clock.now());
      if (verdict.kind !== 'failed') continue;
      summary.failed += 1;
      await decide(attempted, outcomeOf(verdict, attempted.result)).saved;
    }
  }

  /** Most attempts deliver, and nothing of theirs is waited for but the spool: so these are not async. */
  function settle(attempted: FinishedAttempt): Promise<unknown> | undefined {
    const { delivery, endpoint, result } = attempted;
    const verdict = verdictOf(result, clock.now());
    if (verdict.kind === 'mistake') return misconfigured(attempted, result as AttemptError);
    reporter.attempt(attempted, verdict);
    if (result.kind === 'aborted' && result.waitedFor !== undefined)
      cutOff.set(endpoint.id, waitedFor[result.waitedFor]);
    else cutOff.delete(endpoint.id);
    if (verdict.kind === 'aborted') lease.release(delivery);
    else if (verdict.kind === 'ours') putOff(attempted);
    else if (verdict.kind === 'failed' && verdict.isUnreachable && !reachability.isProven(endpoint.id)) {
      reachability.postpone(attempted);
      putOff(attempted);
    } else {
      const postponed = provesNetwork(attempted, verdict) ? reachability.reached(endpoint.id) : [];
      if (postponed.length === 0) return count(attempted, verdict);
      return countPostponed(postponed).then(() => count(attempted, verdict));
    }
    return undefined;
  }

  function count(attempted: FinishedAttempt, verdict: Counted): Promise<unknown> {
    const { delivery, endpoint, result } = attempted;
    summary[verdict.kind === 'delivered' ? 'delivered' : 'failed'] += 1;
    const answer = keptAnswerTo(delivery, result);
    if (answer !== undefined) lease.noteAnswer(endpoint.id, answer);
    const { decision, saved } = decide(attempted, outcomeOf(verdict, result));
    if (saved === undefined) return perform(attempted, decision, verdict);
    return saved.then(() => perform(attempted, decision, verdict));
  }

  /** The oldest come first: the search ends at the first one that is not too old. */
  async function giveUpPaused(endpoint: string, keepMs: number): Promise<void> {
    const health = lease.health(endpoint);
    const message = `it was paused for too long: ${health.paused}`;
    let goesOn = true;
    while (goesOn && !isStopping()) {
      const claim = await lease.claim(endpoint, { limit: sweepSize, now: clock.now(), probe: [] });
      claim.quarantined.forEach(noteCorrupt);
      claim.postponed.forEach(reporter.postponed);
      let isBurying = true;
      for (const delivery of claim.deliveries) {
        const { acceptedAt } = delivery;
        isBurying &&= isKeptTooLong(health, { acceptedAt, keepMs, ...momentOf(clock) });
        if (!isBurying) lease.release(delivery);
        else isBurying = await bury(delivery, { reason: 'gave-up', message });
      }
      goesOn = claim.goesOn && isBurying;
      await setImmediate(); // signals are heard in between
    }
  }

  return {
    giveUpPaused,
    began: loneFailures.began,
    async settle(attempted) {
      try {
        await settle(attempted);
      } finally {
        loneFailures.ended(attempted.delivery);
      }
    },
    async buryDeregistered(delivery) {
      const time = new Date(clock.now()).toISOString();
      const attempts = attemptNumber(delivery) - 1;
      const reason = 'deregistered';
      if (!(await deliveries.bury(delivery, { reason, message: 'it was deregistered', attempts, time })))
        return;
      reporter.deregistered(delivery);
    },
    giveUpHeld: (delivery) =>
      bury(delivery, { reason: 'gave-up', message: 'it was not registered for too long' }),
    isMade: deliveries.isMade,
    finish: deliveries.done,
    attemptNumber,
    cutOff: (endpoint) => cutOff.get(endpoint),
    noteCorrupt,
    noteUnread: reporter.postponed,
  };
}

/** A name that cannot be looked up, and silence, are what a machine without a network has as well. */
function provesNetwork({ result }: FinishedAttempt, verdict: Counted): boolean {
  if (verdict.kind === 'failed' && verdict.isUnreachable) return false;
  return result.kind === 'answer' || (result.kind === 'error' && !/^EAI_|^TIMEOUT$/.test(result.code));
}

/** A verdict on the endpoint, or on the delivery. */
type Counted = Exclude<Verdict, { kind: 'aborted' | 'ours' | 'mistake' }>;

/** What the receiver said, as far as it is told further. */
interface Told {
  what: string;
  retryAfterMs?: number;
}

/** What follows from an attempt. */
interface Decided {
  decision: Decision;
  /** Resolves when the endpoint's health, where it has changed, is saved. */
  saved?: Promise<void>;
}

/** Why a delivery is given up, and after how many attempts where that is not what is recorded so far. */
interface Grave {
  reason: 'gave-up' | 'refused' | 'deregistered';
  message: string;
  /** Unless it is not known any more. */
  endpoint?: Endpoint;
  attempts?: number;
  /** What the last attempt came to, where it was an attempt of this delivery. */
  result?: AttemptResult;
}

function outcomeOf(verdict: Counted, result: AttemptResult): Outcome {
  if (verdict.kind === 'delivered')
    return verdict.disables ? { kind: 'ok', disables: 'webhook-delivery: disable' } : { kind: 'ok' };
  if (verdict.kind === 'failed' && result.kind === 'error') return { ...verdict, message: result.message };
  const message = excerptOf(result);
  return message === undefined || verdict.kind === 'refused' ? verdict : { ...verdict, message };
}
