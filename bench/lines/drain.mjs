/**
 * `capnhook drain` as a whole process, from its start to its end, beside the
 * bare loop of undici. Every event is signed, and the receiver is nginx.
 */

import { prepareBareLoop } from '../support/bare-loop.mjs';
import { capnhook, makeSpool, signedHooks } from '../support/capnhook.mjs';
import { settleDisk } from '../support/disk.mjs';
import { fillSpool, timeDrain } from '../support/drains.mjs';
import { writeLines } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { timeProcess } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { atLeast } from '../support/stats.mjs';

const beside = 'undici Pool.dispatch, memory';
const counts = { full: 20_000, quick: 5_000 };
const rounds = { full: 7, quick: 3 };

/** Measures what `fill` makes being drained, beside the bare loop. */
async function measureDrain(bench, fill) {
  const receiver = await startReceiver(bench);
  const url = receiver.url();
  const count = bench.pick(counts);
  const loop = await prepareBareLoop(bench, { url, count: 2 * count });
  const samples = await inTurn(bench, bench.pick(rounds), {
    ours: async () => timeDrain(bench, { receiver, count, filled: await fill({ url, count }) }),
    theirs: loop.time,
  });
  return { ...samples, note: `undici's best: ${loop.connections} connections` };
}

export const drain = {
  name: 'drain',
  beside,
  needs: ['nginx'],
  isAlsoInMemory: true,
  rows: [
    {
      id: 'drain',
      what: 'drain, 20,000 single files, signed, whole process',
      unit: '/s',
      bar: atLeast(0.25),
    },
  ],
  measure: async (bench) => ({ drain: await measureDrain(bench, (options) => fillSpool(bench, options)) }),
};

export const drainBatch = {
  name: 'drain-batch',
  beside,
  needs: ['nginx'],
  isAlsoInMemory: true,
  rows: [
    {
      id: 'batch',
      what: 'drain, one batch of 20,000, signed, whole process',
      unit: '/s',
      bar: atLeast(0.55),
    },
  ],
  async measure(bench) {
    const lines = `${bench.directory}/events.ndjson`;
    await writeLines(lines, bench.pick(counts));
    return { batch: await measureDrain(bench, ({ url }) => fireBatch(bench, { lines, url })) };
  },
};

/** A spool in which one batch waits. */
export function fireBatch(bench, { lines, url }) {
  const directory = `${bench.directory}/batch`;
  const made = makeSpool(directory, signedHooks(url));
  timeProcess(capnhook('fire', 'complete', '--ndjson', lines), made);
  settleDisk(directory);
  return { ...made, directory };
}
