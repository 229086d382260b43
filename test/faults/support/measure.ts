/** How much a fault test does: in CI a little, and with `CAPNHOOK_FAULTS=long` as much as it takes to be sure. */
export const isLong: boolean = process.env.CAPNHOOK_FAULTS === 'long';

/** The short measure, or the long one. */
export function measure(short: number, long: number): number {
  return isLong ? long : short;
}

/** Whether what a test needs is missing and it may be skipped: in CI nothing may. The reason is part of the test's name. */
export function maySkip(): boolean {
  return process.env.CI === undefined;
}
