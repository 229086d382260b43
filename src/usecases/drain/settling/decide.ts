import {
  afterAttempt,
  type Decision,
  isUnchangedBySuccess,
  type Outcome,
} from '../../../endpoint/after-attempt.js';
import { stateOf, toldStateOf } from '../../../endpoint/health.js';
import { momentOf } from '../../../shared/clock.js';
import type { DrainPorts } from '../ports.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';

/** What follows from an attempt. */
export interface Decided {
  decision: Decision;
  /** Resolves when the endpoint's health is saved; undefined if it has not changed. */
  saved?: Promise<void>;
}

/** Applies a finished attempt to the health of its endpoint. */
export type Decide = (finished: FinishedAttempt, outcome: Outcome) => Decided;

/** Makes the function that applies attempts to the health of endpoints: it saves the health, and reports its changes. */
export function createDecide({ clock, random }: DrainPorts, reporter: Reporter): Decide {
  return ({ owned, delivery, endpoint, startedAt, isEarly }, outcome) => {
    const before = owned.health();
    const event = delivery.event.id;
    const isSuccess = outcome.kind === 'ok' && outcome.disables === undefined;
    if (isSuccess && isUnchangedBySuccess(before, event)) return { decision: 'delivered' };
    const moment = { ...momentOf(clock), random: random() };
    const attempt = { outcome, event, startedAt, isAlone: delivery.attempts > 0, isEarly };
    const { health, decision } = afterAttempt(before, attempt, { conduct: endpoint, ...moment });
    if (health === before) return { decision };
    // If this drain is killed, the next one must not report the same change again.
    const isImmediate = stateOf(before) !== stateOf(health) || toldStateOf(before) !== toldStateOf(health);
    const saved = owned.saveHealth(health, { isImmediate }).then(() => {
      reporter.health(endpoint, { before, after: health, outcome });
    });
    return { decision, saved };
  };
}
