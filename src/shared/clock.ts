import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { monotonicMs } from './monotonic.js';

/** A source of time. All values in milliseconds. */
export interface Clock {
  /** Wall-clock time since the Unix epoch; may jump. */
  now(): number;
  /** Time since an arbitrary start; never goes back. */
  monotonic(): number;
  /** Reveals a jump of the wall clock, also between two processes; undefined on machines without a boot id. */
  reading?(): ClockReading | undefined;
}

/** The wall clock, measured against one that does not jump. */
export interface ClockReading {
  /** The id of the machine's current boot. */
  boot: string;
  /** When the machine booted, by the present wall clock, in ms since the epoch. It jumps when the wall clock does. */
  bootedAt: number;
}

/** A moment by the wall clock. */
export interface Moment {
  /** ms since the epoch. */
  now: number;
  /** Reveals a jump of the wall clock; without it, jumps go unnoticed. */
  clock?: ClockReading | undefined;
}

/** The present moment of a clock. */
export function momentOf(clock: Clock): Moment {
  return { now: clock.now(), clock: clock.reading?.() };
}

/** Drift of the wall clock from the monotonic one, in ms, after which the boot time is computed again. */
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
