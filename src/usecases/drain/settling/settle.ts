/** Settling attempts: each counts for its endpoint, its delivery, or neither, and the spool is changed accordingly. */
import { type Verdict, verdictOf } from '../../../delivery/answer/verdict.js';
import type { AttemptError } from '../../../delivery/sender.js';
import type { Delivery } from '../../../spool/spool.js';
import type { DrainPorts, DrainSummary } from '../ports.js';
import type { FinishedAttempt, OwnedDelivery } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';
import { type Burials, createBurials } from './burials.js';
import type { Cooldowns } from './cooldowns.js';
import { createCountPostponed } from './count-postponed.js';
import { createCutOffs } from './cut-offs.js';
import { createDecide } from './decide.js';
import { createDeliveries } from './deliveries.js';
import { createLoneFailures } from './lone-failures.js';
import { createOldDeliveries, type OldDeliveries } from './old-deliveries.js';
import { type CountedVerdict, outcomeOf, provesNetwork } from './outcome.js';
import { createPerform } from './perform.js';
import { createProblems, type Problems } from './problems.js';
import { createReachability } from './reachability.js';
import { createUncounted } from './uncounted.js';

export interface Settler
  extends Pick<Burials, 'attemptNumber' | 'buryHeld' | 'buryByHand'>,
    Pick<OldDeliveries, 'giveUpPaused'>,
    Problems {
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

/** Makes the settler for the deliveries of a drain. */
export function createSettler(ports: DrainPorts, options: SettlerOptions): Settler {
  const { clock } = ports;
  const { summary, reporter, cooldowns, isStopping, reconsider } = options;
  const { noteQuarantined, noteProblems } = createProblems(summary, reporter);
  const { misconfigured, putOff } = createUncounted(reporter, cooldowns);
  const deliveries = createDeliveries(ports, { reporter, cooldowns });
  const burials = createBurials(ports, { deliveries, summary, reporter });
  const oldDeliveries = createOldDeliveries(ports, { burials, deliveries, noteProblems, isStopping });
  const loneFailures = createLoneFailures();
  const parts = { burials, cooldowns, deliveries, loneFailures, oldDeliveries, reporter };
  const perform = createPerform(ports, parts);
  const decide = createDecide(ports, reporter);
  const reachability = createReachability(clock);
  const countPostponed = createCountPostponed(ports, { summary, decide, reconsider });
  const cutOffs = createCutOffs();

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
    cutOffs.note(endpoint.id, result);
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
    cutOff: cutOffs.of,
    noteQuarantined,
    noteProblems,
  };
}
