/** Corrects the times of a health that was noted before the wall clock jumped. Pure. */
import type { ClockReading, Moment } from '../shared/clock.js';

/** Times by the wall clock, ms since the epoch, and the clock's reading when they were noted. */
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

/** Smallest difference that is a jump and not drift, in ms. */
const leastJumpMs = 1_000;

/** Size of a jump, in ms, after which the time and the attempts until giving up start again from zero. */
const suspendsGivingUpMs = 3_600_000;

/**
 * Shifts the times of a health to the present wall clock. The remaining waits are
 * the same as before the jump.
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
