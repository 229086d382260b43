import { setImmediate } from 'node:timers/promises';
import { nowMs } from './process.mjs';

/** So many pairs are taken however long it takes: fewer tell nothing of how far they differ. */
const leastPairs = 3;

/**
 * Measures two things by turns, A B A B …, so that whatever else the machine
 * does meanwhile falls on both. On a machine so slow that the line has had its
 * time, fewer pairs are taken.
 * @param {{ patienceMs: number }} bench
 * @param {number} pairs how many
 * @param {{ ours: () => unknown, theirs: () => unknown, warmUp?: number }} measures each gives one
 *   number, or a promise of it; `warmUp` pairs go before and are thrown away
 * @returns {Promise<{ ours: number[], theirs: number[] }>}
 */
export async function inTurn({ patienceMs }, pairs, { ours, theirs, warmUp = 0 }) {
  const samples = { ours: [], theirs: [] };
  const deadline = nowMs() + patienceMs;
  for (let n = -warmUp; n < pairs && (n < leastPairs || nowMs() < deadline); n += 1) {
    const pair = { ours: await ours(), theirs: await theirs() };
    await setImmediate(); // lets a signal in: nothing else does while processes are run synchronously
    if (n < 0) continue;
    samples.ours.push(pair.ours);
    samples.theirs.push(pair.theirs);
  }
  return samples;
}
