import type { DrainSummary } from './ports.js';

/** What a drain has done that has done nothing yet, where nothing is left. */
export function emptySummary(): DrainSummary {
  return { delivered: 0, failed: 0, gaveUp: 0, noReceivers: 0, corrupt: 0, owed: 0, waiting: 0 };
}
