/** Times of a health that was noted before the wall clock jumped. Pure. */
import type { ClockReading, Moment } from '../shared/clock.js';

/** Times by the wall clock, ms since the epoch, and what it was. */
export interface Timed {
  since?: number;
  parkedUntil?: number;
  askedUntil?: number;
  limitedAt?: number;
  failedAt?: readonly number[];
  ageFrom?: number;
  heldSince?: number;
  clock?: ClockReading;
}

/** Less is drift, in ms. */
const leastJumpMs = 1_000;

/** After a jump of more than this, in ms, deliveries have their time anew, and their endpoint its attempts. */
const suspendsGivingUpMs = 3_600_000;

/**
 * The health with its times as the wall clock would have told them, had it been
 * then what it is now. It has the same waits left as before the jump.
 */
export function atThisClock<T extends Timed>(health: T, { now, clock }: Moment): T {
  const { clock: noted } = health;
  if (clock === undefined || noted === undefined || clock.boot !== noted.boot) return health;
  const jumpMs = clock.bootedAt - noted.bootedAt;
  if (Math.abs(jumpMs) < leastJumpMs) return health;
  const moved = (time: number | undefined) => (time === undefined ? undefined : time + jumpMs);
  const { since, parkedUntil, askedUntil, limitedAt, failedAt = [], ageFrom, heldSince } = health;
  const isInsane = Math.abs(jumpMs) > suspendsGivingUpMs;
  return {
    ...health,
    clock,
    since: moved(since),
    parkedUntil: moved(parkedUntil),
    askedUntil: moved(askedUntil),
    limitedAt: moved(limitedAt),
    ageFrom: isInsane ? now : moved(ageFrom),
    heldSince: moved(heldSince),
    failedAt: isInsane ? [] : failedAt.map((at) => at + jumpMs),
  };
}
