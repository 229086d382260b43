const UNITS: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);
const SIZE = /^(\d{1,15}(?:\.\d{1,15})?)(B|[kMGT]B|[KMGT]iB)$/;

/**
 * Parses a size such as `500MiB`, `1.5GiB` or `10MB` into whole bytes.
 *
 * @returns undefined for any other text: no unit, a sign, a space, nothing, more than 2^53
 * @example
 * parseByteSize('1GiB'); // 1_073_741_824
 */
export function parseByteSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * UNITS.get(match[2]!)!);
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
