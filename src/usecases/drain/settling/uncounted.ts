/** Attempts that count for nothing: they were not the endpoint's failure. */
import { isSharedShortage } from '../../../delivery/answer/verdict.js';
import type { AttemptError } from '../../../delivery/sender.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Cooldowns } from './cooldowns.js';

export interface Uncounted {
  /** A person must correct something. Reported once, also over several drains. */
  misconfigured(finished: FinishedAttempt, error: AttemptError): Promise<void>;
  /** This machine could not make the attempt. */
  putOff(finished: FinishedAttempt): void;
}

/** Makes what gives back the deliveries of such attempts. */
export function createUncounted(reporter: Reporter, cooldowns: Cooldowns): Uncounted {
  return {
    async misconfigured(finished, error) {
      const { owned, delivery } = finished;
      cooldowns.start(owned.id, error.isLasting ? 'lasting-mistake' : 'mistake');
      owned.giveBack(delivery);
      const health = owned.health();
      if (health.mistake === error.message) return;
      await owned.saveHealth({ ...health, mistake: error.message }, { isImmediate: true });
      reporter.misconfigured(finished, error);
    },
    putOff({ owned, delivery, result }) {
      cooldowns.start(owned.id, 'ours');
      owned.giveBack(delivery);
      if (result.kind !== 'error') return;
      if (isSharedShortage(result.code)) cooldowns.startForAll();
      reporter.shortage(result);
    },
  };
}
