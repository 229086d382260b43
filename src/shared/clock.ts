import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { monotonicMs } from './monotonic.js';

/** Where the time comes from. All in milliseconds. */
export interface Clock {
  /** Wall-clock time since the Unix epoch; may jump. */
  now(): number;
  /** Time since an arbitrary start; never goes back. */
  monotonic(): number;
  /** What tells a jump of the wall clock, even from one process to the next; undefined where the machine does not tell. */
  reading?(): ClockReading | undefined;
}

/** The wall clock beside one that does not jump. */
export interface ClockReading {
  /** Names the machine's run since it was started. */
  boot: string;
  /** When it was started, by the wall clock as it is now, in ms since the epoch: it jumps when the wall clock does. */
  bootedAt: number;
}

/** A moment by the wall clock. */
export interface Moment {
  /** ms since the epoch. */
  now: number;
  /** What tells a jump; where it is missing none is noticed. */
  clock?: ClockReading | undefined;
}

/** The moment it is by a clock. */
export function momentOf(clock: Clock): Moment {
  return { now: clock.now(), clock: clock.reading?.() };
}

/** A wall clock that went this much astray from the monotonic one, in ms, is read anew. */
const driftMs = 500;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: monotonicMs,
  reading: createReading(),
};

function createReading(): () => ClockReading | undefined {
  let boot: string | undefined;
  let known: { offset: number; reading: ClockReading | undefined } | undefined;
  return () => {
    const offset = Date.now() - monotonicMs();
    if (known === undefined || Math.abs(offset - known.offset) >= driftMs) {
      boot ??= readBootId();
      // Unlike the monotonic clock, the uptime goes on while the machine sleeps.
      const bootedAt = Math.round(Date.now() - uptime() * 1000);
      known = { offset, reading: boot === '' ? undefined : { boot, bootedAt } };
    }
    return known.reading;
  };
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // not Linux
  }
}
