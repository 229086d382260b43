import { afterAttempt, type Decision, type Outcome } from '../../src/endpoint/after-attempt.js';
import type { Conduct, Health } from '../../src/endpoint/health.js';
import { conduct, t0 } from './histories.js';

interface At {
  startedAt: number;
  now?: number;
  event?: string;
  retryAfterMs?: number;
}

/** The health after a failure of the endpoint. */
export function fail(
  health: Health,
  { startedAt, now = startedAt, event = 'evt_a', retryAfterMs }: At,
): Health {
  const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
  const outcome: Outcome = { kind: 'failed', what: '503', ...asked };
  return afterAttempt(health, { outcome, event, startedAt }, { conduct, now, random: 0.5 }).health;
}

export const failed: Extract<Outcome, { kind: 'failed' }> = { kind: 'failed', what: '500', mayBeEvent: true };
export const rejected: Outcome = { kind: 'rejected', what: '400' };
export const ok: Outcome = { kind: 'ok' };

/** Attempts one after the other, a minute apart: what was decided, and the health at the end. */
export function attempted(
  steps: ReadonlyArray<readonly [string, Outcome]>,
  by: Partial<Conduct> = {},
): { decisions: Decision[]; health: Health } {
  let health: Health = {};
  const decisions = steps.map(([event, outcome], index) => {
    const now = t0 + index * 60_000;
    const moment = { conduct: { ...conduct, ...by }, now, random: 0.5 };
    const after = afterAttempt(health, { outcome, event, startedAt: now }, moment);
    health = after.health;
    return after.decision;
  });
  return { decisions, health };
}
