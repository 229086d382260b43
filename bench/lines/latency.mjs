/**
 * How long it takes from durable to received: a daemon beside a BullMQ worker,
 * at 200 events a second. Durable is when `fire()` of the library, or `add()`,
 * resolves, in a process of its own; received is when the body has come to a
 * tiny receiver in Node. All stamps are of one clock (CLOCK_MONOTONIC). A
 * daemon that is faster than the submitter's own fsync gives less than 0.
 */
import { library, makeSpool, program, secret, signedHooks } from '../support/capnhook.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { cleanEnv } from '../support/env.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { paceNote, takeLatencies } from '../support/latencies.mjs';
import { startProcess } from '../support/process.mjs';
import { startRedis } from '../support/redis.mjs';
import { startStampingReceiver } from '../support/stamping-receiver.mjs';
import { atMost, quantile } from '../support/stats.mjs';

const perSecond = 200;

export const latency = {
  name: 'latency',
  beside: 'BullMQ worker',
  needs: ['redis-server'],
  rows: [
    { id: 'p50', what: 'daemon, durable to received at 200/s, p50', unit: 'ms', bar: atMost(0.5) },
    { id: 'p99', what: 'daemon, durable to received at 200/s, p99', unit: 'ms', bar: atMost(1) },
  ],
  async measure(bench) {
    const receiver = await startStampingReceiver(bench);
    const made = makeSpool(`${bench.directory}/latency`, signedHooks(receiver.url));
    await startDaemon(bench, made);
    const redis = await startRedis(bench);
    const worker = program('bullmq-worker.mjs', redis.socket, receiver.url);
    startProcess(bench, worker, { env: cleanEnv({ BENCH_SECRET: secret }) });
    const count = perSecond * bench.pick({ full: 10, quick: 3 });
    const fire = program('fire-at-pace.mjs', library, perSecond, count);
    const add = program('add-at-pace.mjs', redis.socket, perSecond, count);
    const { ours, theirs } = await inTurn(bench, bench.pick({ full: 5, quick: 3 }), {
      ours: () => takeLatencies(bench, receiver, { command: fire, env: made.env, count }),
      theirs: () => takeLatencies(bench, receiver, { command: add, count }),
      warmUp: 1,
    });
    const note = paceNote(
      [...ours, ...theirs].map((round) => round.perSecond),
      perSecond,
    );
    const quantiles = (share) => ({
      ours: ours.map(quantileOf(share)),
      theirs: theirs.map(quantileOf(share)),
      note,
    });
    return { p50: quantiles(0.5), p99: quantiles(0.99) };
  },
};

const quantileOf = (share) => (round) => quantile(round.latencies, share);
