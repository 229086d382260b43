import type { DrainSummary } from '../../usecases/drain/ports.js';
import { count } from './text.js';

/** What a drain has done, in one line without its line break. */
export function renderSummary(summary: DrainSummary): string {
  const parts = [
    `delivered ${summary.delivered}`,
    summary.failed > 0 && `${count(summary.failed, 'attempt')} failed`,
    summary.gaveUp > 0 && `gave up ${summary.gaveUp}`,
    summary.noReceivers > 0 && `${count(summary.noReceivers, 'event')} had no receivers`,
    summary.corrupt > 0 && `put ${summary.corrupt} aside in corrupt/`,
    `owed ${summary.owed}`,
    summary.waiting > 0 && `${summary.waiting} not taken in`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}
