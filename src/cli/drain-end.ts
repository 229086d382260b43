/** The end of a drain: its exit code, and a reason that can be compared with the previous drain's. */
import type { CapnhookError } from '../shared/errors.js';
import { exitCodes } from '../shared/exit-codes.js';
import type { DrainSummary, Notice } from '../usecases/drain/ports.js';

/** 78 if a person must correct something, 69 if anything was given up, 75 if anything is still queued, otherwise 0. */
export function exitCodeFor({
  misconfigured,
  gaveUp,
  owed,
  waiting,
}: Pick<DrainSummary, 'misconfigured' | 'gaveUp' | 'owed' | 'waiting'>): number {
  if (misconfigured > 0) return exitCodes.hooksFile;
  if (gaveUp > 0) return exitCodes.gaveUp;
  return owed + waiting > 0 ? exitCodes.temporary : exitCodes.ok;
}

/** The reason that a notice adds; undefined if it does not affect the exit code. */
export function reasonOfNotice(notice: Notice): string | undefined {
  if (notice.kind === 'more-postponed') return 'more entries in incoming/';
  if (notice.kind === 'unread' || notice.kind === 'immovable')
    return `${notice.entry.name}: ${notice.entry.reason}`;
  if (notice.kind === 'gave-up') return `gave up for ${notice.endpoint.id}: ${notice.reason}`;
  if (notice.kind === 'shortage') return notice.what;
  return undefined;
}

/**
 * Why a drain did not end with 0: the endpoints with queued deliveries, and their reasons. It has no numbers and times,
 * because these change with each pass.
 * @param noticed the results of {@link reasonOfNotice}
 */
export function reasonOfSummary(
  exitCode: number,
  { queues, waiting }: Pick<DrainSummary, 'queues' | 'waiting'>,
  noticed: Iterable<string>,
): string {
  const lines = queues.map(({ endpoint, why, what = '' }) => `${endpoint} ${why} ${what}`);
  if (waiting > 0) lines.push('waiting');
  return [exitCode, ...lines, ...[...noticed].sort()].join('\n');
}

/** Why a drain could not begin, or could not continue. */
export function reasonOfError({ code, message, problems }: CapnhookError): string {
  return [code, message, ...problems.map((problem) => problem.message)].join('\n');
}
