/**
 * Commands that show what a spool holds, of 1,000,000 queued deliveries,
 * 100,000 dead ones and 1,000,000 lines of the journal, beside the same with a
 * tenth of each. Nothing drains.
 *
 * first: from the start of the process to its first byte on standard output.
 * memory: the most that the process has had when it has printed everything.
 * each: microseconds for each line of all that it prints.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { queueDeliveries } from '../support/backlog.mjs';
import { capnhook, makeSpool, signedHooks } from '../support/capnhook.mjs';
import { memoryOf } from '../support/daemon.mjs';
import { settleDisk } from '../support/disk.mjs';
import { createIds } from '../support/events.mjs';
import { buryDeliveries, writeJournal } from '../support/evidence.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { endProcess, nowMs } from '../support/process.mjs';
import { atMost, oursAtMost } from '../support/stats.mjs';

const endpoint = 'receiver';

/** @param count of queued deliveries, and of lines; a tenth as many are dead */
async function makeFull(bench, name, count) {
  const directory = `${bench.directory}/${name}`;
  const { spool, env } = makeSpool(directory, signedHooks('http://127.0.0.1:9/in'));
  const nextId = createIds();
  await queueDeliveries({ spool, endpoint, count, nextId });
  const lastDead = await buryDeliveries({ spool, endpoint, count: count / 10, nextId });
  await writeJournal({ spool, endpoint, count, nextId });
  settleDisk(directory);
  return { env, lastDead, count };
}

/**
 * @param args the command's arguments, by what {@link makeFull} gives
 * @param lines how many lines it prints, by the same; 0 where that does not grow
 */
function inspectLine(name, { args, lines }) {
  const what = `capnhook ${name} of 1,000,000 queued`;
  const first = { id: 'first', what: `${what}: first byte`, unit: 'ms', bar: oursAtMost(1_000, 'ms') };
  const memory = { id: 'memory', what: `${what}: peak memory`, unit: 'MB', bar: atMost(1.5) };
  const each = { id: 'each', what: `${what}: a line`, unit: 'us', bar: atMost(1.3) };
  return {
    name,
    beside: 'a tenth of it',
    limitMs: 900_000,
    rows: lines === undefined ? [first, memory] : [first, memory, each],
    async measure(bench) {
      const count = bench.pick({ full: 1_000_000, quick: 50_000 });
      const [full, tenth] = [
        await makeFull(bench, 'full', count),
        await makeFull(bench, 'tenth', count / 10),
      ];
      const both = (rounds, measure) =>
        inTurn(bench, bench.pick(rounds), {
          ours: () => measure(full),
          theirs: () => measure(tenth),
          warmUp: 1,
        });
      const firsts = await both({ full: 15, quick: 5 }, (made) => timeFirstByte(bench, args(made), made));
      const runs = { ours: [], theirs: [] };
      for (let n = 0; n < bench.pick({ full: 3, quick: 3 }); n += 1) {
        runs.ours.push(await runWhole(args(full), full));
        runs.theirs.push(await runWhole(args(tenth), tenth));
      }
      const of = (figure) => ({ ours: runs.ours.map(figure), theirs: runs.theirs.map(figure) });
      const samples = { first: firsts, memory: of(({ peak }) => peak) };
      if (lines === undefined) return samples;
      const perLine =
        (made) =>
        ({ ms }) =>
          (1000 * ms) / lines(made);
      samples.each = { ours: runs.ours.map(perLine(full)), theirs: runs.theirs.map(perLine(tenth)) };
      return samples;
    },
  };
}

async function timeFirstByte(bench, [program, ...args], { env }) {
  const start = nowMs();
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  bench.defer(() => endProcess(child));
  await once(child.stdout, 'data');
  const ms = nowMs() - start;
  await endProcess(child, 'SIGKILL');
  return ms;
}

/** Runs a command to its end, and looks at its memory meanwhile. */
async function runWhole([program, ...args], { env }) {
  const start = nowMs();
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let peak = 0;
  const timer = setInterval(() => {
    try {
      peak = memoryOf(child).peak;
    } catch {
      // it has ended
    }
  }, 20);
  const [status] = await once(child, 'exit');
  clearInterval(timer);
  if (status !== 0) throw new Error(`${args.slice(1).join(' ')} ended with ${status}`);
  return { ms: nowMs() - start, peak };
}

export const list = inspectLine('list', {
  args: () => capnhook('list', '--json'),
  lines: ({ count }) => count + count / 10,
});

export const show = inspectLine('show', { args: ({ lastDead }) => capnhook('show', lastDead) });

export const log = inspectLine('log', {
  args: () => capnhook('log', '--json'),
  lines: ({ count }) => count,
});

export const status = inspectLine('status', { args: () => capnhook('status') });
