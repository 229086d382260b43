import type { DrainSummary } from '../ports.js';

/** What a drain has done that has done nothing yet, where nothing is left. */
export function emptySummary(): DrainSummary {
  const done = { delivered: 0, failed: 0, gaveUp: 0, unclaimed: 0, corrupt: 0 };
  return { ...done, owed: 0, onHold: 0, waiting: 0, misconfigured: 0, queues: [], moreQueues: 0 };
}
