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
