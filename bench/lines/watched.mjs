/**
 * How long it takes from firing to receiving with a daemon that is looked at, by
 * `status --watch` each second, and by the same daemon that is not. A backlog
 * of an endpoint that is parked gives the looks something to read. Measured as
 * in `latency`.
 */
import { capnhook, library, makeSpool, program } from '../support/capnhook.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { paceNote, takeLatencies } from '../support/latencies.mjs';
import { endProcess, runProcess, startProcess } from '../support/process.mjs';
import { startStampingReceiver } from '../support/stamping-receiver.mjs';
import { atMost, quantile } from '../support/stats.mjs';

const perSecond = 100;

export const watched = {
  name: 'watched',
  beside: 'not looked at',
  rows: [
    {
      id: 'p50',
      what: 'daemon beside status --watch, fired to received, p50',
      unit: 'ms',
      bar: atMost(1.1),
    },
    {
      id: 'p99',
      what: 'daemon beside status --watch, fired to received, p99',
      unit: 'ms',
      bar: atMost(1.1),
    },
  ],
  async measure(bench) {
    const receiver = await startStampingReceiver(bench);
    const made = makeSpool(`${bench.directory}/watched`, hooksOf(receiver.url));
    await queueForParked(bench, made.env);
    await startDaemon(bench, made);
    const count = perSecond * bench.pick({ full: 10, quick: 3 });
    const command = program('fire-at-pace.mjs', library, perSecond, count);
    const take = () => takeLatencies(bench, receiver, { command, env: made.env, count });
    async function takeWatched() {
      const watch = startProcess(bench, capnhook('status', '--watch'), { env: made.env });
      const taken = await take();
      await endProcess(watch, 'SIGTERM');
      return taken;
    }
    const { ours, theirs } = await inTurn(bench, bench.pick({ full: 7, quick: 3 }), {
      ours: takeWatched,
      theirs: take,
      warmUp: 1,
    });
    const paces = [...ours, ...theirs].map((round) => round.perSecond);
    const note = paceNote(paces, perSecond);
    const quantiles = (share) => ({
      ours: ours.map(quantileOf(share)),
      theirs: theirs.map(quantileOf(share)),
      note,
    });
    return { p50: quantiles(0.5), p99: quantiles(0.99) };
  },
};

const quantileOf = (share) => (round) => quantile(round.sinceFired, share);

/** Nothing listens at port 9 (discard). */
function hooksOf(url) {
  return `hooks: { complete: [receiver], load: [parked] }
endpoints:
  receiver: { url: "${url}", concurrency: 32 }
  parked: { url: "http://127.0.0.1:9/" }
defaults: { retry: { schedule: [1h] } }
`;
}

async function queueForParked(bench, env) {
  const events = bench.pick({ full: 100_000, quick: 10_000 });
  const input = '{"n":1}\n'.repeat(events);
  const fire = startProcess(bench, capnhook('fire', 'load', '--ndjson', '-'), { env });
  fire.stdin.end(input);
  await new Promise((resolve) => fire.once('exit', resolve));
  await runProcess(bench, ['sh', '-c', '"$@" || test $? -eq 75', 'sh', ...capnhook('drain', '-q')], { env });
}
