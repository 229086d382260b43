/** 100,000 events at once, durable when it ends: `fire --ndjson` beside BullMQ's addBulk, both as whole processes. */
import { rmSync } from 'node:fs';
import { capnhook, makeSpool, program } from '../support/capnhook.mjs';
import { settleDisk } from '../support/disk.mjs';
import { writeLines } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { runProcess } from '../support/process.mjs';
import { startRedis } from '../support/redis.mjs';
import { atLeast } from '../support/stats.mjs';

export const ndjson = {
  name: 'ndjson',
  beside: 'BullMQ addBulk(100)',
  needs: ['redis-server'],
  rows: [{ id: 'ndjson', what: 'capnhook fire --ndjson, 100,000 events', unit: '/s', bar: atLeast(4) }],
  async measure(bench) {
    const count = bench.pick({ full: 100_000, quick: 20_000 });
    const lines = `${bench.directory}/events.ndjson`;
    await writeLines(lines, count);
    const redis = await startRedis(bench);
    const samples = await inTurn(bench, bench.pick({ full: 5, quick: 3 }), {
      ours: () => timeBatch(bench, { lines, count }),
      theirs: async () => {
        await redis.flush();
        settleDisk(bench.directory);
        const { ms } = await runProcess(bench, program('bullmq-add-bulk.mjs', redis.socket, lines));
        return (1000 * count) / ms;
      },
    });
    return { ndjson: samples };
  },
};

/** Fires a batch into a fresh spool, removes the spool, and gives events a second. */
async function timeBatch(bench, { lines, count }) {
  const directory = `${bench.directory}/batch`;
  const { env } = makeSpool(directory);
  settleDisk(bench.directory);
  const { ms } = await runProcess(bench, capnhook('fire', 'complete', '--ndjson', lines), { env });
  rmSync(directory, { recursive: true });
  return (1000 * count) / ms;
}
