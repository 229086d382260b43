import { createEventId } from '../../../event/event-id.js';

/** A clock that goes back by more than this, in ms, was set: ids of the future would come behind all others. */
const setBackMs = 1_000;

/**
 * Makes up ids for what comes without one, each greater than the one before: what is taken in one after the other keeps
 * that order, as {@link https://github.com/ulid/spec#monotonicity} has it.
 * @param options.now ms since the epoch; `random` gives ten random bytes
 */
export function createIdMaker({ now, random }: { now(): number; random(): Uint8Array }): () => string {
  let ms = -1;
  let bytes: Uint8Array = new Uint8Array();
  return () => {
    const time = Math.max(now(), 0); // a clock that was never set may stand before 1970
    if (time > ms || time < ms - setBackMs) [ms, bytes] = [time, random()];
    else bytes = plusOne(bytes);
    return createEventId(ms, bytes);
  };
}

function plusOne(bytes: Uint8Array): Uint8Array {
  const sum = Uint8Array.from(bytes);
  for (let at = sum.length - 1; at >= 0; at -= 1) {
    const next = (sum[at] ?? 0) + 1;
    sum[at] = next;
    if (next < 256) break;
  }
  return sum;
}
