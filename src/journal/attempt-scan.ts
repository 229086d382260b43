/**
 * Finds the attempts in lines of a journal, for counting: without parsing them as JSON and without checking their sums,
 * which takes ten times as long. A line that is torn is passed over.
 */

/** An attempt to which there was an answer, or which failed without one. */
export interface ScannedAttempt {
  /** ISO 8601 in UTC. */
  time: string;
  result: AttemptResult;
  /** The endpoint's id. */
  endpoint: string;
  /** Its duration, in ms. */
  ms: number;
}

/** What came of an attempt, as the journal has it. */
export type AttemptResult = 'delivered' | 'failed' | 'rejected' | 'refused' | 'gone';

/** All results. */
export const attemptResults: readonly AttemptResult[] = [
  'delivered',
  'failed',
  'rejected',
  'refused',
  'gone',
];

/** A line of `attemptLine`; quotes within a value are escaped, so that none of them can end it. */
const attemptLine =
  /^\{"time":"([^"\\]{24})","what":"(delivered|failed|rejected|refused|gone)"(?:,"event":"[^"\\]*")?(?:,"hook":"[^"\\]*")?,"endpoint":"([^"\\]*)",.*"ms":(\d{1,12}),"sum":"[0-9a-f]{16}"\}$/gm;

/** Calls back with each attempt of whole lines, in their order. */
export function scanAttempts(lines: Buffer, callback: (attempt: ScannedAttempt) => void): void {
  // Ids of endpoints and times are ASCII, and other bytes are not looked at.
  for (const [, time, result, endpoint, ms] of lines.toString('latin1').matchAll(attemptLine))
    callback({ time: time!, result: result as AttemptResult, endpoint: endpoint!, ms: Number(ms) });
}
