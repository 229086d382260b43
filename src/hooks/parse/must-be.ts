import { ON_FAILURES, ORDERS } from '../../endpoint/endpoint.js';

/** Cancels a setting from `defaults`. */
export const NONE = 'none';

/** The value of `unclaimed` that drops events instead of keeping them. */
export const DROP = 'drop';

export const MAX_CONCURRENCY = 256;
export const MAX_IN_FLIGHT = 4096;

/** Messages for settings with a wrong type or value. */
export const MUST_BE: Readonly<Record<'concurrency' | 'maxInFlight' | 'order' | 'onFailure', string>> = {
  concurrency: `'concurrency' must be a whole number from 1 to ${MAX_CONCURRENCY}`,
  maxInFlight: `'maxInFlight' must be a whole number from 1 to ${MAX_IN_FLIGHT}`,
  order: `'order' must be ${either(ORDERS)}`,
  onFailure: `'onFailure' must be ${either(ON_FAILURES)}`,
};

function either(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' or ');
}
