const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;
const UNIT_MS: ReadonlyMap<string, number> = new Map(UNITS);
const DURATION = /^(\d{1,15}(?:\.\d{1,15})?)(ms|s|m|h|d)$/;
const LONGEST_MS = 365 * 86_400_000;
/** Largest relative error of a rounded duration; beyond it a smaller unit is used. */
const TOLERANCE = 0.01;

/**
 * Parses a duration such as `500ms`, `20s`, `1.5m`, `2h` or `3d` into whole
 * milliseconds; at most 365 days.
 *
 * @returns undefined for any other text: no unit, a sign, a space, too long
 * @example
 * parseDuration('20s'); // 20_000
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const ms = Math.round(Number(match[1]) * UNIT_MS.get(match[2]!)!);
  return ms <= LONGEST_MS ? ms : undefined;
}

/**
 * Formats a duration for people, exact to 1 %, in the largest unit that needs at most one decimal.
 *
 * @example
 * formatDuration(300_000); // '5m'
 * formatDuration(1_500); // '1.5s'
 */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  for (const [unit, unitMs] of UNITS) {
    const exact = ms / unitMs;
    const rounded = Math.round(exact * 10) / 10;
    if (rounded >= 1 && Math.abs(rounded - exact) <= exact * TOLERANCE) return `${rounded}${unit}`;
  }
  return ms < 0.5 ? '0s' : '1ms';
}

/** Units of a time span in seconds, the largest first. */
const SPAN_UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/**
 * Formats a time span for people, in at most two neighbouring units, in whole seconds; a negative one is `0s`.
 *
 * @example
 * formatSpan(272_160_000); // '3d 4h'
 * formatSpan(249_000); // '4m 9s'
 */
export function formatSpan(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  const step = spanStep(seconds);
  let left = Math.round(seconds / step) * step;
  const parts: string[] = [];
  for (const [unit, size] of SPAN_UNITS) {
    const number = Math.floor(left / size);
    if (number > 0) parts.push(`${number}${unit}`);
    left -= number * size;
  }
  return parts.length === 0 ? '0s' : parts.join(' ');
}

/** The smaller of the two units, in seconds: hours beside days, minutes beside hours. */
function spanStep(seconds: number): number {
  const largest = SPAN_UNITS.findIndex(([, size]) => seconds >= size);
  return SPAN_UNITS[largest + 1]?.[1] ?? 1;
}
