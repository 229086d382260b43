/** The longest wait that is listened to, in ms. */
const LONGEST_MS = 86_400_000;

const SECONDS = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)$/;

const MONTHS: readonly string[] = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
const MONTH = `(?<month>${MONTHS.join('|')})`;

/** RFC 9110, section 5.6.7: the form to be sent, and two obsolete ones that must be understood. */
const HTTP_DATES: readonly RegExp[] = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(
    `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`,
  ),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * How long a `Retry-After` header asks to wait, in ms, within 0 and 24 hours:
 * a number of seconds, or an HTTP date (RFC 9110, section 10.2.3). A fraction
 * of a second, which the RFC does not have, is rounded up to the next ms.
 *
 * @param text the header's value
 * @param nowMs ms since the epoch, which a date is compared with
 * @returns undefined for text that is neither
 * @example
 * parseRetryAfter('120', 0); // 120_000
 * parseRetryAfter('0.5', 0); // 500
 * parseRetryAfter('Thu, 01 Jan 1970 00:00:30 GMT', 0); // 30_000
 */
export function parseRetryAfter(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim();
  if (SECONDS.test(trimmed)) return clamp(Math.ceil(Number(trimmed) * 1000));
  const dateMs = parseHttpDate(trimmed, nowMs);
  return dateMs === undefined ? undefined : clamp(dateMs - nowMs);
}

function clamp(ms: number): number {
  return Math.min(Math.max(ms, 0), LONGEST_MS);
}

function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const form of HTTP_DATES) {
    const groups = form.exec(text)?.groups;
    if (groups !== undefined) return timeOf(groups, nowMs);
  }
  return undefined;
}

function timeOf(groups: Record<string, string | undefined>, nowMs: number): number | undefined {
  const part = (name: string) => Number(groups[name]);
  const year = groups.year?.length === 2 ? fullYear(part('year'), nowMs) : part('year');
  const month = MONTHS.indexOf(groups.month ?? '');
  const [day, hour, minute, second] = ['day', 'hour', 'minute', 'second'].map(part) as [
    number,
    number,
    number,
    number,
  ];
  // Date.UTC takes the years 0 to 99 for 1900 to 1999, and the 31st of June for the 1st of July.
  if (year < 1000 || new Date(Date.UTC(year, month, day)).getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  return Date.UTC(year, month, day, hour, minute, second);
}

/** RFC 9110, section 5.6.7: a year that seems more than 50 years in the future is one of the past. */
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
