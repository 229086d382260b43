/** 20,000 events that wait, worked off by one process that starts for it: drain, and a BullMQ worker. */
import { program, secret } from '../support/capnhook.mjs';
import { settleDisk } from '../support/disk.mjs';
import { fillSpool, timeDrain } from '../support/drains.mjs';
import { cleanEnv } from '../support/env.mjs';
import { writeLines } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { runProcess } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { startRedis } from '../support/redis.mjs';
import { atLeast } from '../support/stats.mjs';

export const drainBullmq = {
  name: 'drain-bullmq',
  beside: 'BullMQ worker, concurrency 50',
  needs: ['nginx', 'redis-server'],
  rows: [
    { id: 'drain', what: 'drain, 20,000 single files, signed, whole process', unit: '/s', bar: atLeast(1.8) },
  ],
  async measure(bench) {
    const count = bench.pick({ full: 20_000, quick: 4_000 });
    const receiver = await startReceiver(bench);
    const redis = await startRedis(bench);
    const lines = `${bench.directory}/events.ndjson`;
    await writeLines(lines, count);
    const samples = await inTurn(bench, bench.pick({ full: 5, quick: 3 }), {
      ours: () =>
        timeDrain(bench, { receiver, count, filled: fillSpool(bench, { url: receiver.url(), count }) }),
      theirs: () => timeWorker(bench, { receiver, redis, lines, count }),
    });
    return { drain: samples };
  },
};

/** Adds the jobs, untimed, and runs a worker on them; gives deliveries a second. */
async function timeWorker(bench, { receiver, redis, lines, count }) {
  await redis.flush();
  await runProcess(bench, program('bullmq-add-bulk.mjs', redis.socket, lines));
  settleDisk(bench.directory);
  const before = await receiver.received();
  const worker = program('bullmq-worker.mjs', redis.socket, receiver.url(), count);
  const { ms } = await runProcess(bench, worker, { env: cleanEnv({ BENCH_SECRET: secret }) });
  const received = (await receiver.received()) - before;
  if (received !== count) throw new Error(`the worker sent ${received} of ${count}`);
  return (1000 * count) / ms;
}
