import type { Rate } from './endpoint.js';

const RATE = /^([1-9]\d{0,4})\/([smhd])$/;
const LENGTH_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_COUNT = 10_000;

/**
 * A rate such as `10/s`, `100/m`, `1000/h` or `5000/d`: at most 10,000 attempts
 * a second, a minute, an hour or a day.
 *
 * @returns undefined for any other text
 * @example
 * parseRate('100/m'); // { count: 100, perMs: 60_000 }
 */
export function parseRate(text: string): Rate | undefined {
  const match = RATE.exec(text);
  const count = Number(match?.[1]);
  const perMs = LENGTH_MS[match?.[2] ?? ''];
  return perMs !== undefined && count <= MAX_COUNT ? { count, perMs } : undefined;
}
