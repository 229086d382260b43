/** When a delivery will be given up, if its endpoint goes on as it is. Pure. */
import type { Moment } from '../shared/clock.js';
import { minAttempts } from './back-off.js';
import { atThisClock } from './clock-jump.js';
import type { Endpoint } from './endpoint.js';
import { type Health, parkedUntil, pausedMs } from './health.js';

export interface GivesUpOptions extends Moment {
  /** When the delivery was accepted, ms since the epoch. */
  acceptedAt: number;
  settings: Pick<Endpoint, 'giveUpAfterMs' | 'retry'>;
  /** How long deliveries of a paused endpoint, or of one that is not registered, are kept, in ms. */
  keepMs: number;
}

/** Maximum number of attempts that are looked ahead. */
const mostAhead = 1_000;

/**
 * When a delivery is given up, ms since the epoch, with waits as the schedule has them, without jitter; undefined where
 * nothing tells that it will be: its endpoint works, or its pause ends sooner.
 * @param options.isOnHold whether the endpoint is not registered for it
 */
export function givesUpAt(
  noted: Health,
  { isOnHold = false, ...options }: GivesUpOptions & { isOnHold?: boolean },
): number | undefined {
  const { acceptedAt, keepMs, settings, now } = options;
  const health = atThisClock(noted, options);
  const { ageFrom = acceptedAt, heldSince } = health;
  if (isOnHold) return Math.max(acceptedAt, heldSince ?? now) + keepMs;
  const pausedFor = pausedMs(health, now);
  const keptUntil = Math.max(acceptedAt, ageFrom) + keepMs;
  if (pausedFor > 0) return now + pausedFor < keptUntil ? undefined : keptUntil;
  if (!health.failures) return undefined;
  const from = ageFrom > now ? acceptedAt : Math.max(acceptedAt, ageFrom);
  const counted = (health.failedAt ?? []).filter((at) => at >= acceptedAt).length;
  const first = Math.max(parkedUntil(health, options, settings), now);
  return attemptAfter(settings, {
    first,
    failures: health.failures,
    notBefore: from + settings.giveUpAfterMs,
    missing: minAttempts - counted,
  });
}

/** The first attempt that is late enough, and has enough others before it: with that it is given up. */
function attemptAfter(
  { retry: { scheduleMs } }: Pick<Endpoint, 'retry'>,
  {
    first,
    failures,
    notBefore,
    missing,
  }: { first: number; failures: number; notBefore: number; missing: number },
): number {
  let at = first;
  for (let made = 1; made <= mostAhead; made += 1) {
    if (made >= missing && at > notBefore) return at;
    at += scheduleMs[Math.min(failures + made, scheduleMs.length) - 1] ?? 0;
  }
  return Math.max(at, notBefore);
}

/**
 * When a delivery that fails alone is given up by its own schedule, ms since the epoch, without jitter.
 * @param options.dueMs when it is tried next, ms since the epoch
 * @param options.attempts how often it has failed alone
 */
export function aloneGivesUpAt(
  { retry: { scheduleMs } }: Pick<Endpoint, 'retry'>,
  { dueMs, attempts }: { dueMs: number; attempts: number },
): number {
  let at = dueMs;
  for (let made = attempts + 1; made <= scheduleMs.length || made < minAttempts; made += 1)
    at += scheduleMs[Math.min(made, scheduleMs.length) - 1] ?? 0;
  return at;
}
