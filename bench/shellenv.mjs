// How long `capnhook_fire complete payload.json` takes beside `node -e 0`, in each shell that is here, as whole
// processes run in turn; and beside the programs alone that it cannot do without (cat, sync, ln, sync, rm).
// Prints the ratio of each pair's wall times: its minimum, median and maximum.   node bench/shellenv.mjs [pairs]
import { execFileSync, spawnSync } from 'node:child_process';
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
const spool = join(directory, 'spool');
const env = { ...rest, CAPNHOOK_SPOOL: spool, PAYLOAD: payload };
execFileSync(process.execPath, [bin, 'init', '--quiet'], { env });
env.SHELLENV = execFileSync(process.execPath, [bin, 'shellenv'], { env, encoding: 'utf8' });

const fire = 'eval "$SHELLENV"; capnhook_fire complete "$PAYLOAD"';
const bare = `cd "$CAPNHOOK_SPOOL" && { echo '{"hook":"complete","payload":'; cat "$PAYLOAD"; echo '}'; } > tmp/$$ &&
  sync tmp/$$ && ln tmp/$$ incoming/$$.json && sync incoming tmp/$$ && rm tmp/$$`;
const shells = { sh: ['sh', '-c'], dash: ['dash', '-c'], 'busybox ash': ['busybox', 'ash', '-c'] };
Object.assign(shells, { bash: ['bash', '--norc', '-c'], zsh: ['zsh', '-f', '-c'] });

function time([program, ...args]) {
  const start = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  if (error) return undefined;
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const median = (numbers) => sorted(numbers)[Math.floor(numbers.length / 2)];
const show = (number) => number.toFixed(2);

try {
  console.log(`node ${process.version}, ${process.platform}-${process.arch}, ${pairs} pairs each`);
  for (const [name, shell] of Object.entries(shells)) {
    for (const [what, script] of Object.entries({ capnhook_fire: fire, 'the programs alone': bare })) {
      const nothing = () => time([process.execPath, '-e', '0']);
      if (time([...shell, script]) === undefined) continue;
      nothing();
      const runs = Array.from({ length: pairs }, () => ({ fire: time([...shell, script]), node: nothing() }));
      const ratios = sorted(runs.map((run) => run.fire / run.node));
      const [least, most] = [ratios[0], ratios[ratios.length - 1]];
      console.log(
        `${name}, ${what}: ratio min ${show(least)}, median ${show(median(ratios))}, max ${show(most)}` +
          ` (medians ${show(median(runs.map((run) => run.fire)))} and ${show(median(runs.map((run) => run.node)))} ms)`,
      );
      const queued = readdirSync(join(spool, 'incoming'));
      if (queued.length !== pairs + 1)
        throw new Error(`${queued.length} events are queued instead of ${pairs + 1}`);
      for (const event of queued) rmSync(join(spool, 'incoming', event));
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
