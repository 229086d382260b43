/** How long payloads take from durable to received. */
import { runProcess, until } from './process.mjs';

/** Runs what accepts, and gives how long each payload took from durable to received, in ms. */
export async function takeLatencies(bench, receiver, { command, env, count, timeoutMs }) {
  await receiver.report(); // forgets what was before
  const { stdout } = await runProcess(bench, command, { env, timeoutMs });
  const durableAt = JSON.parse(stdout);
  const receivedAt = new Map();
  await until(
    async () => {
      for (const [n, time] of await receiver.report()) receivedAt.set(n, time);
      return receivedAt.size === count;
    },
    { what: `${count} payloads`, everyMs: 100, timeoutMs: 30_000 },
  );
  return durableAt.map((time, n) => receivedAt.get(n) - time);
}
