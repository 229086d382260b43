const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** Renders how long ago a time was, in whole units of the largest kind of which there are two: `90s`, `45m`, `30h`, `12d`. */
export function renderAge(time: string | undefined, now: number): string {
  if (time === undefined) return '';
  const ms = Math.max(now - Date.parse(time), 0);
  const [unit, unitMs] = units.find(([, each]) => ms >= 2 * each) ?? ['s', 1_000];
  return `${Math.floor(ms / unitMs)}${unit}`;
}
