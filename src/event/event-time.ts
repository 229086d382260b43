const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2}))$/;

/** Length of a UTC time with a year of four digits; other years have a sign and six digits. */
const utcLength = '2026-11-23T12:00:00.000Z'.length;

/**
 * Reads an ISO 8601 date-time that names its zone, as `date -Is`,
 * `date +%FT%T%z` and RFC 3339 (section 5.6) write it.
 *
 * @returns the same instant in UTC with milliseconds
 * (`2026-11-23T12:00:00.000Z`); undefined for any other text, for days and
 * hours that do not exist, and for years in UTC outside 0000 to 9999
 */
export function parseTime(text: string): string | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, day = '', minute = '', second = '00', fraction = '', sign, hours = '0', minutes = '0'] = match;
  const localMs = Date.parse(`${day}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  // Date.parse reads February 30th as March 2nd.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(day)) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
  const time = new Date(sign === '-' ? localMs + offsetMs : localMs - offsetMs).toISOString();
  return time.length === utcLength ? time : undefined;
}
