/** What an attempt's result means. Pure. */
import type { Verdict } from '../../../delivery/answer/verdict.js';
import type { AttemptResult } from '../../../delivery/sender.js';
import type { Outcome } from '../../../endpoint/after-attempt.js';
import { excerptOf } from '../reporting/answer.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';

/** A verdict on the endpoint or on the delivery; the other verdicts count for neither. */
export type CountedVerdict = Exclude<Verdict, { kind: 'aborted' | 'ours' | 'mistake' }>;

/** The outcome of an attempt, for the endpoint's health. */
export function outcomeOf(verdict: CountedVerdict, result: AttemptResult): Outcome {
  if (verdict.kind === 'delivered')
    return verdict.disables ? { kind: 'ok', disables: 'webhook-delivery: disable' } : { kind: 'ok' };
  if (verdict.kind === 'failed' && result.kind === 'error') return { ...verdict, message: result.message };
  const message = excerptOf(result);
  return message === undefined || verdict.kind === 'refused' ? verdict : { ...verdict, message };
}

/** Whether a result proves that this machine has a network. Without one, names cannot be looked up, and nothing answers. */
export function provesNetwork({ result }: FinishedAttempt, verdict: CountedVerdict): boolean {
  if (verdict.kind === 'failed' && verdict.isUnreachable) return false;
  return result.kind === 'answer' || (result.kind === 'error' && !/^EAI_|^TIMEOUT$/.test(result.code));
}
