/** Changes that commands and hooks are notified of. */
import type { State } from '../../../endpoint/health.js';

/** An endpoint was parked or paused, recovered, or lost deliveries that were given up. */
export interface Change {
  /** The endpoint's id. */
  endpoint: string;
  from: State;
  to: State;
  /** When the trouble began, ms since the epoch. */
  since: number;
  /** Number of deliveries that were given up; without them, the change is that of `from` and `to`. */
  gaveUp?: number;
  /** Number of deliveries that were put on hold. */
  onHold?: number;
  /** The answer to the first delivery that failed alone, if that is the change. */
  rejected?: string;
}

/** Entries were moved to `corrupt/`. */
export interface CorruptChange {
  /** Number of entries. */
  corrupt: number;
  /** The first one's name there. */
  name: string;
  /** What is wrong with the first one. */
  reason: string;
}

/** Events of a hook have no receiver; or of several hooks that are not named. */
export interface UnclaimedChange {
  unclaimed: number;
  /** Absent for hooks that are not named. */
  hook?: string;
  /** The hook that was probably meant. */
  didYouMean?: string;
}

/** The hooks file of a running drain broke, or is usable again. */
export interface HooksFileChange {
  hooksFile: 'broken' | 'well';
  /** What is wrong with it. */
  reason?: string;
}

/** A change that concerns no endpoint. */
export type SpoolChange = CorruptChange | UnclaimedChange | HooksFileChange;
