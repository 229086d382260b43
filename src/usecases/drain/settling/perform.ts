import { verdictOf } from '../../../delivery/answer/verdict.js';
import type { Decision } from '../../../endpoint/after-attempt.js';
import { longestRetryAfterMs, ownRetryAt } from '../../../endpoint/back-off.js';
import type { Deferral } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import { excerptOf, withExcerpt } from '../reporting/answer.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Burials } from './burials.js';
import type { Cooldowns } from './cooldowns.js';
import type { Deliveries } from './deliveries.js';
import type { LoneFailures } from './lone-failures.js';
import type { OldDeliveries } from './old-deliveries.js';
import type { CountedVerdict } from './outcome.js';

/** Carries out a decision about a delivery; resolves when the spool has. */
export type Perform = (
  finished: FinishedAttempt,
  decision: Decision,
  verdict: CountedVerdict,
) => Promise<unknown>;

export interface PerformOptions {
  burials: Burials;
  cooldowns: Cooldowns;
  deliveries: Deliveries;
  loneFailures: LoneFailures;
  oldDeliveries: OldDeliveries;
  reporter: Reporter;
}

/** What a receiver answered. */
interface Answer {
  what: string;
  retryAfterMs?: number;
}

/** Makes the function that carries out decisions for the deliveries of a drain. */
export function createPerform(ports: DrainPorts, options: PerformOptions): Perform {
  const { clock, random } = ports;
  const { burials, cooldowns, deliveries, loneFailures, oldDeliveries, reporter } = options;

  /** The delivery gets a schedule of its own, in which failures of its endpoint do not count. */
  async function deferAlone(finished: FinishedAttempt, answer: Answer): Promise<void> {
    const { owned, delivery, endpoint, attempt, result } = finished;
    const { what, retryAfterMs = 0 } = answer;
    const attempts = delivery.attempts + 1;
    const now = clock.now();
    const isFirst = loneFailures.isFirst(finished);
    const ownDueMs = ownRetryAt(endpoint.retry, { attempts, now, random: random() });
    const dueMs = ownDueMs && Math.max(ownDueMs, now + Math.min(retryAfterMs, longestRetryAfterMs));
    if (dueMs === undefined) {
      const message = `failed alone ${attempts} times; last answer: ${what}`;
      await burials.bury(finished, { reason: 'gave-up', message, endpoint, attempts: attempt, result });
      return;
    }
    const deferral: Deferral = { dueMs, attempts };
    const kept = burials.keptAnswerTo(delivery, result);
    if (kept !== undefined) deferral.answer = kept;
    if (!(await deliveries.defer(finished, deferral))) return;
    const words = withExcerpt(what, excerptOf(result));
    reporter.failedAlone({ owned, delivery }, { endpoint, what: words, dueMs, isFirst });
  }

  async function wait(finished: FinishedAttempt): Promise<void> {
    const { owned, delivery, endpoint, isEarly, result } = finished;
    cooldowns.start(endpoint.id, isEarly ? 'early' : 'failed');
    const isPaused = owned.health().paused !== undefined; // then it is kept
    if (isPaused || isEarly || !oldDeliveries.isTooOld(finished, endpoint)) owned.giveBack(delivery);
    // An answer about the event proves that the endpoint works.
    else if (verdictOf(result, clock.now()).kind === 'rejected') await oldDeliveries.giveUpHead(finished);
    else await oldDeliveries.giveUpAll(finished);
  }

  return (finished, decision, verdict) => {
    const { endpoint, attempt, result } = finished;
    if (decision === 'waits') return wait(finished);
    // The endpoint works, whatever it answers to this delivery.
    cooldowns.end(endpoint.id);
    if (decision === 'delivered') return deliveries.done(finished, endpoint.sent);
    const answer: Answer = { what: '', ...verdict };
    if (decision === 'alone') return deferAlone(finished, answer);
    const message = `the receiver wants it never again: ${answer.what}`;
    return burials.bury(finished, { reason: 'refused', message, endpoint, attempts: attempt, result });
  };
}
