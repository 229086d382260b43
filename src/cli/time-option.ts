import { parseTime } from '../event/event-time.js';
import { parseDuration } from '../shared/duration.js';
import { CapnhookError } from '../shared/errors.js';

export interface TimeOptionContext {
  /** What cannot be done otherwise, as in "Cannot <doing>: …". */
  doing: string;
  /** ms since the epoch. */
  now: number;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const ZONE = /(?:Z|[+-]\d{2}:?\d{2})$/i;

/**
 * Reads the value of an option for a time in the past, such as `--since` or `--older`: ISO 8601, a date or a date-time
 * (UTC where it names no zone), or a duration back from now.
 * @param option as it is typed, such as `--since`
 * @returns ms since the epoch; undefined where the option was not given
 * @throws CapnhookError `USAGE`
 * @example parsePastTime('--since', '2h', { doing: 'list', now: Date.now() });
 */
export function parsePastTime(
  option: string,
  text: string | undefined,
  { doing, now }: TimeOptionContext,
): number | undefined {
  if (text === undefined) return undefined;
  const durationMs = parseDuration(text);
  return durationMs === undefined ? timeOf(option, text, doing) : now - durationMs;
}

/**
 * Reads the value of an option for a time in the future, such as `--until` of a pause: as {@link parsePastTime}, but a
 * duration counts from now on.
 * @returns ms since the epoch; undefined where the option was not given
 * @throws CapnhookError `USAGE`
 */
export function parseFutureTime(
  option: string,
  text: string | undefined,
  { doing, now }: TimeOptionContext,
): number | undefined {
  if (text === undefined) return undefined;
  const durationMs = parseDuration(text);
  return durationMs === undefined ? timeOf(option, text, doing) : now + durationMs;
}

function timeOf(option: string, text: string, doing: string): number {
  const dateTime = DATE.test(text) ? `${text}T00:00` : text;
  const time = parseTime(ZONE.test(dateTime) ? dateTime : `${dateTime}Z`);
  if (time !== undefined) return Date.parse(time);
  const given = JSON.stringify(text.slice(0, 40));
  throw new CapnhookError('USAGE', `Cannot ${doing}: ${option} needs a time or a duration, not ${given}`, {
    hint: 'A time is 2026-11-30 or 2026-11-30T12:00Z, a duration is 90s, 15m, 2h or 30d.',
  });
}
