/** The bare loop of undici (programs/pool-dispatch.mjs), with as many connections as it is fastest with. */
import { writeFileSync } from 'node:fs';
import { program } from './capnhook.mjs';
import { payload } from './events.mjs';
import { runProcess } from './process.mjs';

const choices = [8, 16, 32, 64];

/**
 * Tries the numbers of connections, and keeps the best.
 * @returns {Promise<{ connections: number, time: () => Promise<number> }>} `time` gives deliveries a second
 */
export async function prepareBareLoop(bench, { url, count }) {
  const file = `${bench.directory}/payload.json`;
  writeFileSync(file, payload(0));
  const time = async (connections) => {
    const { stdout } = await runProcess(bench, program('pool-dispatch.mjs', url, file, count, connections));
    return Number(stdout);
  };
  let best = { rate: 0, connections: 0 };
  for (const connections of choices) {
    const rate = await time(connections);
    if (rate > best.rate) best = { rate, connections };
  }
  return { connections: best.connections, time: () => time(best.connections) };
}
