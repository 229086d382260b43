import type { AttemptResult } from '../../../delivery/sender.js';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { Delivery, OwnedEndpoint } from '../../../spool/spool.js';

/** A claimed delivery, and the endpoint that it was claimed from. */
export interface OwnedDelivery {
  owned: OwnedEndpoint;
  delivery: Delivery;
}

/** An attempt that has ended. */
export interface FinishedAttempt extends OwnedDelivery {
  endpoint: Endpoint;
  /** Number of the attempt of this delivery, from 1. */
  attempt: number;
  /** ms since the epoch. */
  startedAt: number;
  /** Duration. */
  ms: number;
  /** Whether it came before its scheduled time, in a drain that has a deadline. */
  isEarly: boolean;
  result: AttemptResult;
}

/** Why a delivery is given up. */
export interface Burial {
  reason: 'gave-up' | 'refused' | 'deregistered';
  message: string;
  /** Absent for an endpoint that is no longer in the hooks file. */
  endpoint?: Endpoint;
  /** Number of attempts; default: as recorded so far. */
  attempts?: number;
  /** The result of the last attempt, if that was an attempt of this delivery. */
  result?: AttemptResult;
}
