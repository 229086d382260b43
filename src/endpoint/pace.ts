/** How fast an endpoint was sent to lately. */
export interface Pace {
  at: number;
  counts: readonly number[];
}

export function paceAfter(pace: Pace | undefined, _rate: unknown, now: number): Pace {
  return pace ?? { at: now, counts: [] };
}

export function waitForPace(_pace: Pace | undefined, _rate: unknown, _now: number): number {
  return 0;
}
