import { ON_FAILURES, ORDERS } from '../../endpoint/endpoint.js';

/** Takes back what `defaults` say. */
export const NONE = 'none';

/** Says that unclaimed events are not kept. */
export const DROP = 'drop';

export const MAX_CONCURRENCY = 256;
export const MAX_IN_FLIGHT = 4096;

/** What is said of a setting whose type is wrong, and of one whose value is. */
export const MUST_BE: Readonly<Record<'concurrency' | 'maxInFlight' | 'order' | 'onFailure', string>> = {
  concurrency: `'concurrency' must be a whole number from 1 to ${MAX_CONCURRENCY}`,
  maxInFlight: `'maxInFlight' must be a whole number from 1 to ${MAX_IN_FLIGHT}`,
  order: `'order' must be ${either(ORDERS)}`,
  onFailure: `'onFailure' must be ${either(ON_FAILURES)}`,
};

function either(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' or ');
}
