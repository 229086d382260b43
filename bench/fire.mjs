// How long `capnhook fire complete payload.json` takes beside `node -e 0`, as
// whole processes run in turn. Prints the ratio of each pair's wall times:
// its minimum, median and maximum.   node bench/fire.mjs [pairs]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pairs = Number(process.argv[2] ?? 25);
const bin = fileURLToPath(new URL('../bin/capnhook.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'capnhook-bench-'));
const payload = join(directory, 'payload.json');
writeFileSync(payload, JSON.stringify({ text: 'x'.repeat(1000) }));
// Extra certificates are read at every start of Node, and would hide all else.
const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
const env = { ...rest, CAPNHOOK_SPOOL: join(directory, 'spool') };

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

try {
  const fire = () => time([bin, 'fire', 'complete', payload]);
  const nothing = () => time(['-e', '0']);
  for (let n = 0; n < 3; n += 1) [fire(), nothing()];
  const runs = Array.from({ length: pairs }, () => ({ fire: fire(), nothing: nothing() }));
  const queued = readdirSync(join(env.CAPNHOOK_SPOOL, 'incoming')).length;
  if (queued !== pairs + 3) throw new Error(`${queued} events are queued instead of ${pairs + 3}`);
  const ratios = runs.map((run) => run.fire / run.nothing).sort((a, b) => a - b);
  const show = (number) => number.toFixed(3);
  const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  console.log(`node ${process.version}, ${process.platform}-${process.arch}, ${pairs} pairs`);
  console.log(`node -e 0: median ${show(median(runs.map((run) => run.nothing)))} ms`);
  console.log(`capnhook fire: median ${show(median(runs.map((run) => run.fire)))} ms`);
  console.log(`ratio: min ${show(ratios[0])}, median ${show(median(ratios))}, max ${show(ratios.at(-1))}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
