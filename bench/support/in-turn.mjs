import { setImmediate } from 'node:timers/promises';

/**
 * Measures two things by turns, A B A B …, so that whatever else the machine
 * does meanwhile falls on both.
 * @param {number} rounds how many pairs
 * @param {{ ours: () => unknown, theirs: () => unknown, warmUp?: number }} measures each gives one
 *   number, or a promise of it; `warmUp` pairs go before and are thrown away
 * @returns {Promise<{ ours: number[], theirs: number[] }>}
 */
export async function inTurn(rounds, { ours, theirs, warmUp = 0 }) {
  const samples = { ours: [], theirs: [] };
  for (let round = -warmUp; round < rounds; round += 1) {
    const pair = { ours: await ours(), theirs: await theirs() };
    await setImmediate(); // lets a signal in: nothing else does while processes are run synchronously
    if (round < 0) continue;
    samples.ours.push(pair.ours);
    samples.theirs.push(pair.theirs);
  }
  return samples;
}
