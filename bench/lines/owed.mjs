/**
 * A spool that owes 1,000,000 deliveries beside one that owes 1,000: what of
 * the work depends on how much is owed? Both lie on the same file system.
 *
 * first: from the start of `drain` to the first byte at a receiver in Node.
 * memory: the most that a daemon has had when 1,000 are delivered.
 * accept: `fire()` of the library, one after another.
 * unlink: removing 1,000 deliveries of the oldest segment, as the drain does.
 */
import { mkdirSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { queueDeliveries } from '../support/backlog.mjs';
import { capnhook, library, makeSpool, program, signedHooks } from '../support/capnhook.mjs';
import { memoryOf, startDaemon } from '../support/daemon.mjs';
import { settleDisk } from '../support/disk.mjs';
import { payload } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { endProcess, nowMs, runProcess, startProcess, until } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { startStampingReceiver } from '../support/stamping-receiver.mjs';
import { atMost, oursAtMost } from '../support/stats.mjs';

const few = 1_000;

export const owed = {
  name: 'owed',
  beside: '1,000 owed',
  needs: ['nginx'],
  limitMs: 600_000,
  rows: [
    {
      id: 'first',
      what: '1,000,000 owed: first delivery after start',
      unit: 'ms',
      bar: oursAtMost(300, 'ms'),
    },
    { id: 'memory', what: '1,000,000 owed: peak memory of a daemon', unit: 'MB', bar: atMost(1.5) },
    { id: 'accept', what: '1,000,000 owed: accept an event', unit: 'us', bar: atMost(1.3) },
    { id: 'unlink', what: '1,000,000 owed: unlink a delivery', unit: 'us', bar: atMost(1.3) },
  ],
  async measure(bench) {
    const stamping = await startStampingReceiver(bench);
    const nginx = await startReceiver(bench);
    const many = await makeOwing(bench, 'many', bench.pick({ full: 1_000_000, quick: 100_000 }));
    const one = await makeOwing(bench, 'few', few);
    const both = (rounds, measure) =>
      inTurn(bench, bench.pick(rounds), { ours: () => measure(many), theirs: () => refilled(one, measure) });
    return {
      first: await both({ full: 9, quick: 3 }, (owing) => timeFirst(bench, owing, stamping)),
      memory: await both({ full: 5, quick: 3 }, (owing) => peakMemory(bench, owing, nginx)),
      unlink: await both({ full: 9, quick: 3 }, timeUnlinks),
      accept: await timeAccepts(bench, many, one),
    };
  },
};

async function makeOwing(bench, name, count) {
  const directory = `${bench.directory}/${name}`;
  const made = { ...makeSpool(directory), directory };
  await queueDeliveries({ spool: made.spool, endpoint: 'receiver', count });
  settleDisk(directory);
  return made;
}

/** Measures the spool that owes few when it owes all of them. */
async function refilled(owing, measure) {
  rmSync(`${owing.spool}/queue`, { recursive: true });
  mkdirSync(`${owing.spool}/queue`, { mode: 0o700 });
  await queueDeliveries({ spool: owing.spool, endpoint: 'receiver', count: few });
  settleDisk(owing.directory);
  return measure(owing);
}

async function timeFirst(bench, { directory }, receiver) {
  const { env } = makeSpool(directory, signedHooks(receiver.url));
  await receiver.report(); // forgets what was before
  const start = nowMs();
  const drain = startProcess(bench, capnhook('drain'), { env });
  let first;
  await until(
    async () => {
      first = [...(await receiver.report()).values()][0];
      return first !== undefined;
    },
    { what: 'the first delivery', everyMs: 25 },
  );
  await endProcess(drain, 'SIGKILL'); // or it would send all the others
  return first - start;
}

async function peakMemory(bench, { directory }, receiver) {
  const made = makeSpool(directory, signedHooks(receiver.url()));
  const before = await receiver.received();
  const daemon = await startDaemon(bench, made);
  await until(async () => (await receiver.received()) - before >= few, { what: `${few} deliveries` });
  const { peak } = memoryOf(daemon);
  await endProcess(daemon, 'SIGKILL');
  return peak;
}

/** Gives microseconds for one. */
function timeUnlinks({ spool }) {
  const queue = `${spool}/queue/receiver`;
  // A drain that was ended has left some of the oldest segments empty, or nearly.
  const segments = readdirSync(queue).sort();
  const segment = segments.map((name) => `${queue}/${name}`).find((path) => readdirSync(path).length >= few);
  if (segment === undefined) throw new Error(`no segment holds ${few} deliveries`);
  const names = readdirSync(segment).sort().slice(0, few);
  const start = nowMs();
  for (const name of names) unlinkSync(`${segment}/${name}`);
  return (1000 * (nowMs() - start)) / names.length;
}

async function timeAccepts(bench, many, one) {
  const file = `${bench.directory}/payload.json`;
  writeFileSync(file, payload(0));
  const rounds = bench.pick({ full: 9, quick: 3 });
  const ways = [many.spool, 1, one.spool, 1];
  const { stdout } = await runProcess(
    bench,
    program('fire-by-turns.cjs', library, rounds, 300, file, ...ways),
  );
  const { ours, theirs } = JSON.parse(stdout);
  const microseconds = (rates) => rates.map((rate) => 1e6 / rate);
  return { ours: microseconds(ours), theirs: microseconds(theirs) };
}
