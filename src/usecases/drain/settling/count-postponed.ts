/**
 * Attempts that found no network were put off. When another endpoint is
 * reached the network works, and they are failures of their endpoints.
 */
import { verdictOf } from '../../../delivery/answer/verdict.js';
import type { DrainPorts, DrainSummary } from '../ports.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';
import type { Decide } from './decide.js';
import { outcomeOf } from './outcome.js';

export interface CountPostponedOptions {
  summary: DrainSummary;
  decide: Decide;
  /** Looks again whether endpoints may be sent to, as their health has changed. */
  reconsider(endpoints: readonly string[]): Promise<void>;
}

/** Makes the function that counts such attempts. @throws from it: the errors of the spool */
export function createCountPostponed(
  { side, clock }: DrainPorts,
  { summary, decide, reconsider }: CountPostponedOptions,
): (postponed: readonly FinishedAttempt[]) => Promise<void> {
  return async (postponed) => {
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
  };
}
