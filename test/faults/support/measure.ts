/** How much a fault test does: in CI a little, and with `CAPNHOOK_FAULTS=long` as much as it takes to be sure. */
export const isLong: boolean = process.env.CAPNHOOK_FAULTS === 'long';

/** How often a test that has no measure of its own is done again. */
export const repeats: number = isLong ? 19 : 0;

/** The short measure, or the long one. */
export function measure(short: number, long: number): number {
  return isLong ? long : short;
}
