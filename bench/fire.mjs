// How long `capnhook fire complete payload.json`, `capnhook --help` and `capnhook drain` of an empty spool take
// beside `node -e 0`, as whole processes run in turn. Prints the ratio of each pair's wall times: its minimum,
// median and maximum.   node bench/fire.mjs [pairs]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pairs = Number(process.argv[2] ?? 25);
const warmUps = 3;
const bin = fileURLToPath(new URL('../bin/capnhook.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'capnhook-bench-'));
const spool = join(directory, 'spool');
const payload = join(directory, 'payload.json');
const hooks = join(directory, 'hooks.yaml');
writeFileSync(payload, JSON.stringify({ text: 'x'.repeat(1000) }));
writeFileSync(hooks, 'hooks:\n  complete: [https://panda.dog.com/run]\n');
utimesSync(hooks, 0, 0); // one that was written just now would be watched for a while
// Extra certificates are read at every start of Node, and would hide all else.
const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
const env = { ...rest, CAPNHOOK_SPOOL: spool, CAPNHOOK_CONFIG: hooks };

const commands = {
  'capnhook fire': [bin, 'fire', 'complete', payload],
  'capnhook --help': [bin, '--help'],
  'capnhook drain, empty spool': [bin, 'drain', '--spool', join(directory, 'empty')],
};

function time(args) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function sorted(numbers) {
  return [...numbers].sort((a, b) => a - b);
}

function median(numbers) {
  return sorted(numbers)[Math.floor(numbers.length / 2)];
}

const show = (number) => number.toFixed(3);

try {
  console.log(`node ${process.version}, ${process.platform}-${process.arch}, ${pairs} pairs`);
  for (const [name, args] of Object.entries(commands)) {
    const pair = () => ({ ours: time(args), nothing: time(['-e', '0']) });
    for (let n = 0; n < warmUps; n += 1) pair();
    const runs = Array.from({ length: pairs }, pair);
    const ratios = sorted(runs.map(({ ours, nothing }) => ours / nothing));
    const ours = show(median(runs.map((run) => run.ours)));
    const nothing = show(median(runs.map((run) => run.nothing)));
    console.log(`${name}: median ${ours} ms beside ${nothing} ms of node -e 0`);
    console.log(
      `  ratio: min ${show(ratios[0])}, median ${show(median(ratios))}, max ${show(ratios.at(-1))}`,
    );
  }
  const queued = readdirSync(join(spool, 'incoming')).length;
  if (queued !== pairs + warmUps) throw new Error(`${queued} events are queued, not ${pairs + warmUps}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
