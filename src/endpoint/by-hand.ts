/** How a person changes the health of an endpoint. Pure. */
import { isoTime } from '../shared/iso-time.js';
import { type Health, type Pause, pausedMs } from './health.js';

/**
 * Pauses an endpoint: nothing is sent to it, and what is queued for it is kept.
 * @param options.why in the person's words
 */
export function afterPause(health: Health, { why, ...pause }: Pause & { why?: string | undefined }): Health {
  const until = pause.until === undefined ? '' : ` until ${isoTime(pause.until)}`;
  const reason = why === undefined ? '' : `: ${why}`;
  return { ...health, paused: `${pause.by} paused it${until}${reason}`, pause };
}

/** Ends every pause, also that of an answer, and forgets what a person had to put right; it may be tried now. */
export function afterResume(health: Health): Health {
  const { paused: _, pause: __, mistake: ___, ...rest } = health;
  return withoutWait(rest);
}

/** Lets an endpoint be tried now, and ends the pause of an answer; that of a person stays. */
export function afterRetry(health: Health): Health {
  const isPausedByAnswer = health.paused !== undefined && health.pause === undefined;
  return isPausedByAnswer ? afterResume(health) : withoutWait(health);
}

/**
 * The schedule and the attempts that count for giving up begin again: otherwise what was given up for its age would be
 * given up at the next failure.
 */
function withoutWait(health: Health): Health {
  if (!health.failures) return health;
  const { parkedUntil: _, askedUntil: __, ...rest } = health;
  return { ...rest, failures: 1, failedAt: [] };
}

/** The health without a pause of a person that is over. @param now ms since the epoch */
export function withoutEndedPause(health: Health, now: number): Health {
  if (health.pause === undefined || pausedMs(health, now) > 0) return health;
  const { paused: _, pause: __, ...rest } = health;
  return rest;
}
