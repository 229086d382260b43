/**
 * How long it takes from firing to receiving with a daemon that is looked at, by
 * `status --watch` and by an open page of the dashboard, each by turns with the
 * same daemon that is not. A backlog of an endpoint that is parked gives the
 * looks something to read. Measured as in `latency`.
 */
import { capnhook, library, makeSpool, program } from '../support/capnhook.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { paceNote, takeLatencies } from '../support/latencies.mjs';
import { endProcess, runProcess, startProcess, until } from '../support/process.mjs';
import { startStampingReceiver } from '../support/stamping-receiver.mjs';
import { atMost, quantile } from '../support/stats.mjs';

const perSecond = 100;

export const watched = {
  name: 'watched',
  beside: 'not looked at',
  rows: [...rowsOf('watch', 'status --watch'), ...rowsOf('page', 'an open page')],
  async measure(bench) {
    const receiver = await startStampingReceiver(bench);
    const made = makeSpool(`${bench.directory}/watched`, hooksOf(receiver.url));
    await queueForParked(bench, made.env);
    await startDaemon(bench, made);
    const count = perSecond * bench.pick({ full: 10, quick: 3 });
    const command = program('fire-at-pace.mjs', library, perSecond, count);
    const take = () => takeLatencies(bench, receiver, { command, env: made.env, count });
    const beside = (open) => async () => {
      const close = await open(bench, made.env);
      const taken = await take();
      await close();
      return taken;
    };
    const compare = (open) =>
      inTurn(bench, bench.pick({ full: 7, quick: 3 }), { ours: beside(open), theirs: take, warmUp: 1 });
    return {
      ...quantilesOf('watch', await compare(openWatch)),
      ...quantilesOf('page', await compare(openPage)),
    };
  },
};

function rowsOf(id, beside) {
  const row = (p) => ({
    id: `${id}-${p}`,
    what: `daemon beside ${beside}, fired to received, ${p}`,
    unit: 'ms',
    bar: atMost(1.1),
  });
  return [row('p50'), row('p99')];
}

function quantilesOf(id, { ours, theirs }) {
  const paces = [...ours, ...theirs].map((round) => round.perSecond);
  const note = paceNote(paces, perSecond);
  const at = (share) => ({ ours: ours.map(quantileOf(share)), theirs: theirs.map(quantileOf(share)), note });
  return { [`${id}-p50`]: at(0.5), [`${id}-p99`]: at(0.99) };
}

/** Opens `status --watch`. @returns what ends it */
async function openWatch(bench, env) {
  const watch = startProcess(bench, capnhook('status', '--watch'), { env });
  return () => endProcess(watch, 'SIGTERM');
}

/** Opens the first page of a dashboard as a browser does, with its stream of changes. @returns what ends it */
async function openPage(bench, env) {
  const dashboard = startProcess(bench, capnhook('dashboard', '--listen', '127.0.0.1:0'), { env });
  await until(async () => dashboard.out().includes('\n'), { what: 'the dashboard' });
  const [origin, token] = dashboard.out().trim().split('/#token=');
  const headers = { origin };
  const form = new URLSearchParams({ token });
  const entered = await fetch(`${origin}/enter`, { method: 'POST', headers, body: form, redirect: 'manual' });
  const [cookie] = entered.headers.get('set-cookie').split(';');
  const page = await fetch(`${origin}/`, { headers: { cookie } });
  if (page.status !== 200) throw new Error(`the page is answered with ${page.status}`);
  const live = await fetch(`${origin}/live?of=%2F`, { headers: { cookie } });
  const reading = live.body.pipeTo(new WritableStream()).catch(() => {}); // it ends with the dashboard
  return async () => {
    await endProcess(dashboard, 'SIGTERM');
    await reading;
  };
}

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
