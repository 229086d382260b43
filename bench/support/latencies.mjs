/** How long payloads take from durable to received. */
import { runProcess, until } from './process.mjs';

/**
 * Runs what accepts at a pace, and waits until all is received.
 * @returns {Promise<{ latencies: number[], sinceFired: number[], perSecond: number }>} ms from durable and from fired to
 *   received, in the order of firing, and the pace that was kept
 */
export async function takeLatencies(bench, receiver, { command, env, count, timeoutMs }) {
  await receiver.report(); // forgets what was before
  const { stdout } = await runProcess(bench, command, { env, timeoutMs });
  const { firedAt, durableAt } = JSON.parse(stdout);
  const receivedAt = new Map();
  await until(
    async () => {
      for (const [n, time] of await receiver.report()) receivedAt.set(n, time);
      return receivedAt.size === count;
    },
    { what: `${count} payloads`, everyMs: 100, timeoutMs: 30_000 },
  );
  const seconds = (durableAt.at(-1) - durableAt[0]) / 1000;
  return {
    latencies: durableAt.map((time, n) => receivedAt.get(n) - time),
    sinceFired: firedAt.map((time, n) => receivedAt.get(n) - time),
    perSecond: (count - 1) / seconds,
  };
}

/** Words for a pace that was not kept: then the latencies are those of a queue. */
export function paceNote(kept, wanted) {
  const least = Math.min(...kept);
  return least < 0.97 * wanted ? `only ${least.toFixed(0)}/s could be accepted` : undefined;
}
