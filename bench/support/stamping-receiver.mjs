/** A tiny receiver in Node that notes when each payload came (programs/stamping-receiver.mjs). */
import { once } from 'node:events';
import { program } from './capnhook.mjs';
import { startProcess } from './process.mjs';

/**
 * Starts it.
 * @param {{ delayMs?: number }} [options] after how long it answers
 * @returns its `url`, and `report()`: when each numbered payload came first, in ms, since it was asked last
 */
export async function startStampingReceiver(bench, { delayMs = 0 } = {}) {
  const child = startProcess(bench, program('stamping-receiver.mjs', delayMs), { ipc: true });
  const [{ port }] = await once(child, 'message');
  return {
    url: `http://127.0.0.1:${port}/in`,
    /** @returns {Promise<Map<number, number>>} */
    async report() {
      const answer = once(child, 'message');
      child.send('report');
      const [{ numbers, times }] = await answer;
      const first = new Map();
      for (const [n, number] of numbers.entries()) if (!first.has(number)) first.set(number, times[n]);
      return first;
    },
  };
}
