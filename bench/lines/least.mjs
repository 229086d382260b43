/**
 * The least that a drain can do (programs/least-drain.mjs): beside the bare
 * loop, where it shows which ratio no drain of one thread can pass on this
 * machine; beside itself with one endpoint; and with `capnhook drain` beside
 * it, which says what the promises cost.
 */
import { rmSync } from 'node:fs';
import { prepareBareLoop } from '../support/bare-loop.mjs';
import { program, secret } from '../support/capnhook.mjs';
import { settleDisk } from '../support/disk.mjs';
import { fillSpool, timeDrain } from '../support/drains.mjs';
import { cleanEnv } from '../support/env.mjs';
import { writeEvents, writeLines } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { runProcess } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { fireBatch } from './drain.mjs';
import { fillIncoming, fillQueues } from './endpoints.mjs';

const counts = { full: 20_000, quick: 5_000 };
const rounds = { full: 5, quick: 3 };

export const least = {
  name: 'least',
  beside: 'undici Pool.dispatch, memory',
  needs: ['nginx'],
  rows: [
    { id: 'files', what: 'the least a drain of 20,000 single files can do', unit: '/s' },
    { id: 'warm', what: 'the same, when it has drained as many before', unit: '/s' },
    { id: 'batch', what: 'the least a drain of one batch of 20,000 can do', unit: '/s' },
  ],
  async measure(bench) {
    const { receiver, count, lines } = await prepare(bench);
    const loop = await prepareBareLoop(bench, { url: receiver.url(), count: 2 * count });
    const besideLoop = (ours) => inTurn(bench, bench.pick(rounds), { ours, theirs: loop.time });
    return {
      files: await besideLoop(() => timeFiles(bench, { receiver, count })),
      warm: await besideLoop(() => timeWarmFiles(bench, { receiver, count })),
      batch: await besideLoop(() => timeLines(bench, { receiver, count, lines })),
    };
  },
};

export const drainLeast = {
  name: 'drain-least',
  beside: 'the least a drain can do',
  needs: ['nginx'],
  rows: [
    { id: 'drain', what: 'drain, 20,000 single files, signed, whole process', unit: '/s' },
    { id: 'batch', what: 'drain, one batch of 20,000, signed, whole process', unit: '/s' },
  ],
  async measure(bench) {
    const { receiver, count, lines } = await prepare(bench);
    const url = receiver.url();
    const drained = async (filled) => timeDrain(bench, { receiver, count, filled });
    return {
      drain: await inTurn(bench, bench.pick(rounds), {
        ours: () => drained(fillSpool(bench, { url, count })),
        theirs: () => timeFiles(bench, { receiver, count }),
      }),
      batch: await inTurn(bench, bench.pick(rounds), {
        ours: () => drained(fireBatch(bench, { lines, url })),
        theirs: () => timeLines(bench, { receiver, count, lines }),
      }),
    };
  },
};

export const leastEndpoints = {
  name: 'least-endpoints',
  beside: 'the same, 1 endpoint',
  needs: ['nginx'],
  rows: [
    { id: 'queued', what: 'the least a drain of 10,000 queues can do', unit: '/s' },
    { id: 'fired', what: 'the least a drain of 2 events for 10,000 endpoints can do', unit: '/s' },
  ],
  async measure(bench) {
    const receiver = await startReceiver(bench);
    const many = bench.pick({ full: 10_000, quick: 2_000 });
    const count = 2 * many;
    const measure = (fill, width, argsOf) => async () => {
      const { spool, directory } = await fill(bench, { receiver, width, count });
      const { rate } = await runLeast(bench, { receiver, count, args: argsOf(spool) });
      rmSync(directory, { recursive: true });
      return rate;
    };
    const queues = (spool) => ['queues', spool];
    return {
      queued: await inTurn(bench, bench.pick(rounds), {
        ours: measure(fillQueues, many, queues),
        theirs: measure(fillQueues, 1, queues),
      }),
      fired: await inTurn(bench, bench.pick(rounds), {
        ours: measure(fillIncoming, many, (spool) => ['fanout', spool, many]),
        theirs: measure(fillIncoming, 1, (spool) => ['files', `${spool}/incoming`]),
      }),
    };
  },
};

async function prepare(bench) {
  const lines = `${bench.directory}/events.ndjson`;
  const count = bench.pick(counts);
  await writeLines(lines, count);
  return { receiver: await startReceiver(bench), count, lines };
}

async function timeFiles(bench, { receiver, count }) {
  const paths = writeFiles(bench, { count, names: ['files'] });
  const { rate } = await runLeast(bench, { receiver, count, args: ['files', ...paths] });
  return rate;
}

/** Deliveries a second, measured in the process, when it has drained as many before. */
async function timeWarmFiles(bench, { receiver, count }) {
  const paths = writeFiles(bench, { count, names: ['first', 'second'] });
  const { stdout } = await runLeast(bench, { receiver, count: 2 * count, args: ['files', ...paths] });
  return Number(stdout);
}

async function timeLines(bench, { receiver, count, lines }) {
  const { rate } = await runLeast(bench, { receiver, count, args: ['lines', lines] });
  return rate;
}

function writeFiles(bench, { count, names }) {
  const root = `${bench.directory}/least`;
  rmSync(root, { recursive: true, force: true });
  const paths = names.map((name) => `${root}/${name}`);
  for (const path of paths) writeEvents(path, count);
  settleDisk(root);
  return paths;
}

/** @returns what it printed, and the deliveries a second of the whole process, as of {@link timeDrain} */
async function runLeast(bench, { receiver, count, args }) {
  const before = await receiver.received();
  const env = cleanEnv({ BENCH_SECRET: secret });
  const command = program('least-drain.mjs', receiver.url(), ...args);
  const { ms, stdout } = await runProcess(bench, command, { env });
  const received = (await receiver.received()) - before;
  if (received !== count) throw new Error(`the receiver got ${received} of ${count}`);
  return { stdout, rate: (1000 * count) / ms };
}
