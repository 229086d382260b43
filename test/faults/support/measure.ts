/** How much a fault test does: in CI a little, and with `CAPNHOOK_FAULTS=long` as much as it takes to be sure. */
const isLong: boolean = process.env.CAPNHOOK_FAULTS === 'long';

/** The short measure, or the long one. */
export function measure(short: number, long: number): number {
  return isLong ? long : short;
}
