/**
 * A daemon at 1,000 events a second, fired through the library: its last
 * minute beside its first. 3 minutes, or 10 with `npm run bench:soak`. Memory
 * is what is resident, looked at every second; a latency is from durable to
 * received, and the samples are the quantiles of each second.
 */
import { library, makeSpool, program, signedHooks } from '../support/capnhook.mjs';
import { memoryOf, startDaemon } from '../support/daemon.mjs';
import { paceNote, takeLatencies } from '../support/latencies.mjs';
import { startStampingReceiver } from '../support/stamping-receiver.mjs';
import { atMost, quantile } from '../support/stats.mjs';

const perSecond = 1_000;

export const soak = {
  name: 'soak',
  beside: 'its own first minute',
  limitMs: 900_000,
  rows: [
    { id: 'memory', what: 'a daemon at 1,000/s: resident memory', unit: 'MB', bar: atMost(1.2) },
    { id: 'p50', what: 'a daemon at 1,000/s: durable to received, p50', unit: 'ms', bar: atMost(1.2) },
    { id: 'p99', what: 'a daemon at 1,000/s: durable to received, p99', unit: 'ms', bar: atMost(1.2) },
  ],
  async measure(bench) {
    const seconds = bench.pick({ long: 600, full: 180, quick: 20 });
    const span = Math.min(60, Math.floor(seconds / 2)); // what counts as a minute
    const receiver = await startStampingReceiver(bench);
    const made = makeSpool(`${bench.directory}/soak`, signedHooks(receiver.url));
    const daemon = await startDaemon(bench, made);
    const memory = [];
    const timer = setInterval(() => memory.push(memoryOf(daemon).now), 1_000);
    bench.defer(() => clearInterval(timer));
    const count = perSecond * seconds;
    const command = program('fire-at-pace.mjs', library, perSecond, count);
    const timeoutMs = 2_000 * seconds;
    const taken = await takeLatencies(bench, receiver, { command, env: made.env, count, timeoutMs });
    const note = paceNote([taken.perSecond], perSecond);
    const bySecond = (share) =>
      Array.from({ length: seconds }, (_, n) =>
        quantile(taken.latencies.slice(n * perSecond, (n + 1) * perSecond), share),
      );
    return {
      memory: { ...ends(memory, span), note },
      p50: { ...ends(bySecond(0.5), span), note },
      p99: { ...ends(bySecond(0.99), span), note },
    };
  },
};

/** The last so many samples beside the first. */
function ends(samples, span) {
  return { ours: samples.slice(-span), theirs: samples.slice(0, span) };
}
