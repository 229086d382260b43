/** How an answer that shows an endpoint at work changes its health. Pure. */
import { failuresOf, type Health, limitMemoryMs, wholeAttempts } from './health.js';

/** An answer. */
export interface Answered {
  /** The event of a delivery that is finished. */
  settled?: string;
  /** The limit up to which the allowed concurrency grows; absent without a success. */
  limit?: number;
  disables?: string;
  against?: readonly string[];
  /** Whether the endpoint stays parked nevertheless. */
  holds?: boolean;
  /** ms since the epoch. */
  now: number;
}

/** The health after an answer that shows the endpoint at work. */
export function afterAnswer(
  health: Health,
  { settled, limit, disables, against, holds, now }: Answered,
): Health {
  const { failedDeliveries = [], failures, pace, since, clock, heldSince } = health;
  const isRemembered = settled !== undefined && failuresOf(health, settled) > 0;
  const limitedAt = isRecent(health.limitedAt, now) ? health.limitedAt : undefined;
  const isSame = isUnbroken(health) && limitedAt === health.limitedAt && !isRemembered;
  if (isSame && disables === undefined && against === undefined) return health;
  const others = failedDeliveries.filter(([id]) => id !== settled);
  const paused = health.paused ?? (disables === undefined ? undefined : pausedBy(disables));
  const next: Health = {
    limitedAt,
    failedDeliveries: others.length === 0 ? undefined : others,
    allowed: holds === true ? undefined : allowedAfter(health, limit),
    against,
    pace,
    heldSince,
  };
  if (limitedAt !== undefined) next.since = since;
  if (limitedAt !== undefined || heldSince !== undefined) next.clock = clock;
  const staysParked = paused !== undefined || holds === true;
  if (!staysParked) return defined(next);
  const { parkedUntil, failedAt, ageFrom, last, askedUntil } = health;
  return defined({
    ...next,
    failures,
    since,
    parkedUntil,
    failedAt,
    ageFrom,
    last,
    clock,
    paused,
    pause: health.pause,
    askedUntil,
  });
}

/** Whether a time lies within the memory. A future time was noted before the clock was set back. */
function isRecent(at: number | undefined, now: number): boolean {
  return at !== undefined && at <= now && now - at < limitMemoryMs;
}

/** The concurrency allowed from now on; undefined if it has reached the limit. */
function allowedAfter({ failures, allowed }: Health, limit: number | undefined): number | undefined {
  if (failures) return limit === 1 ? undefined : 1;
  if (allowed === undefined || limit === undefined) return allowed;
  const grown = allowed + 1 / wholeAttempts(allowed);
  return wholeAttempts(grown) >= limit ? undefined : grown;
}

/** Drops undefined values. */
function defined(health: Health): Health {
  return Object.fromEntries(Object.entries(health).filter(([, value]) => value !== undefined));
}

/** Whether a success would change nothing now. */
export function isUnbroken({ failures, allowed, against }: Health): boolean {
  return !failures && allowed === undefined && against === undefined;
}

/** Why an endpoint is paused that answered so. */
export function pausedBy(what: string): string {
  return `it answered ${what}`;
}
