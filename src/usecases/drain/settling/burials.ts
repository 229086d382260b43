import type { AttemptResult } from '../../../delivery/sender.js';
import { failuresOf } from '../../../endpoint/health.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { Delivery, KeptAnswer, Why } from '../../../spool/spool.js';
import { burialOf, type MovingWish } from '../../operate/carry-out.js';
import type { DrainPorts, DrainSummary } from '../ports.js';
import { excerptOf, keptAnswer, withExcerpt } from '../reporting/answer.js';
import type { Burial, OwnedDelivery } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Deliveries } from './deliveries.js';

/** Moves deliveries to `dead/`. */
export interface Burials {
  /** Number of the delivery's next attempt, from 1. */
  attemptNumber(claimed: OwnedDelivery): number;
  /** What is kept of an answer to the delivery; undefined for a success, or without an answer. */
  keptAnswerTo(delivery: Delivery, result: AttemptResult): KeptAnswer | undefined;
  /** Gives up a delivery; false if the spool refused. */
  bury(claimed: OwnedDelivery, burial: Burial): Promise<boolean>;
  /** Gives up a delivery that was on hold for too long; false if the spool refused. */
  buryHeld(claimed: OwnedDelivery): Promise<boolean>;
  /** Buries a delivery that a person has ended while it was in flight. */
  buryByHand(claimed: OwnedDelivery, wish: MovingWish): Promise<void>;
}

export interface BurialsOptions {
  deliveries: Pick<Deliveries, 'bury'>;
  summary: DrainSummary;
  reporter: Reporter;
}

/** Makes the burials of a drain. */
export function createBurials({ clock }: DrainPorts, options: BurialsOptions): Burials {
  const { deliveries, summary, reporter } = options;

  function attemptNumber({ owned, delivery: { event, attempts } }: OwnedDelivery): number {
    return attempts + failuresOf(owned.health(), event.id) + 1;
  }

  function keptAnswerTo({ event }: Delivery, result: AttemptResult): KeptAnswer | undefined {
    return keptAnswer(result, { event: event.id, nowMs: clock.now() });
  }

  async function bury(claimed: OwnedDelivery, burial: Burial): Promise<boolean> {
    const { delivery } = claimed;
    const { attempts = attemptNumber(claimed) - 1, reason, result } = burial;
    const time = isoTime(clock.now());
    const message = withExcerpt(burial.message, result && excerptOf(result));
    const why: Why = { reason, message, attempts, time };
    const answer = result && keptAnswerTo(delivery, result);
    if (answer !== undefined) why.answer = answer;
    if (!(await deliveries.bury(claimed, why))) return false;
    summary.gaveUp += 1;
    reporter.buried(delivery, burial);
    return true;
  }

  return {
    attemptNumber,
    keptAnswerTo,
    bury,
    buryHeld: (claimed) =>
      bury(claimed, { reason: 'gave-up', message: 'it was not registered for too long' }),
    async buryByHand(claimed, wish) {
      const attempts = attemptNumber(claimed) - 1;
      const burial = burialOf(wish);
      const why: Why = { ...burial, attempts, time: isoTime(clock.now()) };
      if (await deliveries.bury(claimed, why)) reporter.buriedByHand(claimed.delivery, burial.reason);
    },
  };
}
