/** Settling attempts: each counts for its endpoint, its delivery, or neither, and the spool is changed accordingly. */
import { isSharedShortage, type Verdict, verdictOf } from '../../../delivery/answer/verdict.js';
import type { AttemptError } from '../../../delivery/sender.js';
import type { Claim, Delivery, EntryProblem } from '../../../spool/spool.js';
import type { DrainPorts, DrainSummary } from '../ports.js';
import type { FinishedAttempt, OwnedDelivery } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';
import { type Burials, createBurials } from './burials.js';
import type { Cooldowns } from './cooldowns.js';
import { createDecide } from './decide.js';
import { createDeliveries } from './deliveries.js';
import { createLoneFailures } from './lone-failures.js';
import { createOldDeliveries, type OldDeliveries } from './old-deliveries.js';
import { type CountedVerdict, outcomeOf, provesNetwork } from './outcome.js';
import { createPerform } from './perform.js';
import { createReachability } from './reachability.js';

export interface Settler
  extends Pick<Burials, 'attemptNumber' | 'buryHeld' | 'buryByHand'>,
    Pick<OldDeliveries, 'giveUpPaused'> {
  /** An attempt begins. */
  began(delivery: Delivery): void;
  /** Settles a finished attempt; resolves when the spool is changed. */
  settle(finished: FinishedAttempt): Promise<void>;
  /** Whether a delivery was delivered, but could not be removed then. */
  isDelivered(delivery: Delivery): boolean;
  /** Removes a delivery that was delivered. */
  removeDelivered(claimed: OwnedDelivery): Promise<void>;
  /** What an endpoint's last attempt waited for, if it was cut off before it had a connection. */
  cutOff(endpoint: string): string | undefined;
  /** Counts and reports an entry that was moved to `corrupt/`. */
  noteQuarantined(problem: EntryProblem): void;
  /** Reports the problems of a claim; each entry that cannot be read now once. */
  noteProblems(claim: Pick<Claim, 'quarantined' | 'postponed'>): void;
}

export interface SettlerOptions {
  /** Counts what was done. */
  summary: DrainSummary;
  reporter: Reporter;
  cooldowns: Cooldowns;
  /** Whether work that can wait is left for the next drain. */
  isStopping(): boolean;
  /** Looks again whether endpoints may be sent to, as their health has changed. */
  reconsider(endpoints: readonly string[]): Promise<void>;
}

/** What an attempt waited for that had no connection yet. */
const waitedFor = {
  name: 'the look-up of its host name has not answered',
  connection: 'there is no connection to it yet',
};

/** Makes the settler for the deliveries of a drain. */
export function createSettler(ports: DrainPorts, options: SettlerOptions): Settler {
  const { side, clock } = ports;
  const { summary, reporter, cooldowns, isStopping, reconsider } = options;
  const deliveries = createDeliveries(ports, { reporter, cooldowns });
  const burials = createBurials(ports, { deliveries, summary, reporter });
  const oldDeliveries = createOldDeliveries(ports, { burials, deliveries, noteProblems, isStopping });
  const loneFailures = createLoneFailures();
  const parts = { burials, cooldowns, deliveries, loneFailures, oldDeliveries, reporter };
  const perform = createPerform(ports, parts);
  const decide = createDecide(ports, reporter);
  const reachability = createReachability(clock);
  /** What endpoints' last attempts waited for when they were cut off. */
  const cutOff = new Map<string, string>();

  function noteQuarantined(problem: EntryProblem): void {
    summary.corrupt += 1;
    reporter.quarantined(problem);
  }

  function noteProblems({ quarantined, postponed }: Pick<Claim, 'quarantined' | 'postponed'>): void {
    quarantined.forEach(noteQuarantined);
    postponed.forEach(reporter.postponed);
  }

  /** A person must correct something: the attempt counts for nothing. Reported once, also over several drains. */
  async function misconfigured(finished: FinishedAttempt, error: AttemptError): Promise<void> {
    const { owned, delivery } = finished;
    cooldowns.start(owned.id, error.isLasting ? 'lasting-mistake' : 'mistake');
    owned.giveBack(delivery);
    const health = owned.health();
    if (health.mistake === error.message) return;
    await owned.saveHealth({ ...health, mistake: error.message }, { isImmediate: true });
    reporter.misconfigured(finished, error);
  }

  /** This machine could not make the attempt: it counts for nothing. */
  function putOff({ owned, delivery, result }: FinishedAttempt): void {
    cooldowns.start(owned.id, 'ours');
    owned.giveBack(delivery);
    if (result.kind !== 'error') return;
    if (isSharedShortage(result.code)) cooldowns.startForAll();
    reporter.shortage(result);
  }

  /** Another endpoint was reached, so the network works: earlier attempts that found none are failures of their endpoints. */
  async function countPostponed(postponed: readonly FinishedAttempt[]): Promise<void> {
    for (const finished of postponed) {
      const verdict = verdictOf(finished.result, clock.now());
      if (verdict.kind !== 'failed') continue;
      const { id } = finished.endpoint;
      const owned = await side.queues.acquireOne(id); // it may have been released since
      if (owned === undefined) continue;
      summary.failed += 1;
      await decide({ ...finished, owned }, outcomeOf(verdict, finished.result)).saved;
      await reconsider([id]);
    }
  }

  function count(finished: FinishedAttempt, verdict: CountedVerdict): Promise<unknown> {
    const { owned, delivery, result } = finished;
    summary[verdict.kind === 'delivered' ? 'delivered' : 'failed'] += 1;
    const answer = burials.keptAnswerTo(delivery, result);
    if (answer !== undefined) owned.noteAnswer(answer);
    const { decision, saved } = decide(finished, outcomeOf(verdict, result));
    if (saved === undefined) return perform(finished, decision, verdict);
    return saved.then(() => perform(finished, decision, verdict));
  }

  /** Another drain has taken the endpoint over, and settles what becomes of it. What was delivered is not to be sent again. */
  async function settleLost(finished: FinishedAttempt, verdict: Verdict): Promise<void> {
    if (verdict.kind !== 'delivered') {
      finished.owned.giveBack(finished.delivery);
      return;
    }
    summary.delivered += 1;
    await deliveries.done(finished, finished.endpoint.sent);
  }

  /** Not async: most attempts deliver, and wait for nothing but the spool. */
  function settle(finished: FinishedAttempt): Promise<unknown> | undefined {
    const { owned, delivery, endpoint, result } = finished;
    const verdict = verdictOf(result, clock.now());
    if (verdict.kind === 'mistake') return misconfigured(finished, result as AttemptError);
    reporter.attempt(finished, verdict);
    if (result.kind === 'aborted' && result.waitedFor !== undefined)
      cutOff.set(endpoint.id, waitedFor[result.waitedFor]);
    else if (cutOff.size > 0) cutOff.delete(endpoint.id);
    if (!owned.isOurs()) return settleLost(finished, verdict);
    if (verdict.kind === 'aborted') owned.giveBack(delivery);
    else if (verdict.kind === 'ours') putOff(finished);
    else if (verdict.kind === 'failed' && verdict.isUnreachable && !reachability.isProven(endpoint.id)) {
      reachability.postpone(finished);
      putOff(finished);
    } else {
      const postponed = provesNetwork(finished, verdict) ? reachability.reached(endpoint.id) : [];
      if (postponed.length === 0) return count(finished, verdict);
      return countPostponed(postponed).then(() => count(finished, verdict));
    }
    return undefined;
  }

  return {
    attemptNumber: burials.attemptNumber,
    buryHeld: burials.buryHeld,
    buryByHand: burials.buryByHand,
    giveUpPaused: oldDeliveries.giveUpPaused,
    began: loneFailures.began,
    async settle(finished) {
      try {
        await settle(finished);
      } finally {
        loneFailures.ended(finished.delivery);
      }
    },
    isDelivered: deliveries.isDelivered,
    removeDelivered: deliveries.done,
    cutOff: (endpoint) => cutOff.get(endpoint),
    noteQuarantined,
    noteProblems,
  };
}
