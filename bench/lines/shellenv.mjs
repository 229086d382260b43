/**
 * `capnhook_fire` of `capnhook shellenv`, in a shell that starts for it: the
 * way into the spool without Node. The text of shellenv is saved once and read
 * with `.`, as docs/shell.md has it for a script that fires once.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { makeSpool, run } from '../support/capnhook.mjs';
import { findCommand } from '../support/commands.mjs';
import { payload } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { timeProcess } from '../support/process.mjs';
import { atMost } from '../support/stats.mjs';

const warmUp = 3;

export const shellenv = {
  name: 'shellenv',
  beside: 'node -e 0',
  rows: [
    { id: 'shellenv', what: 'capnhook_fire complete payload.json, in dash', unit: 'ms', bar: atMost(0.3) },
  ],
  async measure(bench) {
    const { spool, env } = makeSpool(bench.directory);
    const rounds = bench.pick({ full: 41, quick: 11 });
    writeFileSync(`${bench.directory}/shellenv`, run(['shellenv'], env));
    writeFileSync(`${bench.directory}/payload.json`, payload(0));
    const script = '. ./shellenv; capnhook_fire complete payload.json';
    const command = [findCommand('dash') ?? '/bin/sh', '-c', script];
    const samples = await inTurn(bench, rounds, {
      ours: () => timeProcess(command, { env, cwd: bench.directory }),
      theirs: () => timeProcess([process.execPath, '-e', '0']),
      warmUp,
    });
    const queued = readdirSync(`${spool}/incoming`).length;
    const fired = samples.ours.length + warmUp;
    if (queued !== fired) throw new Error(`${queued} events are queued, not ${fired}`);
    return { shellenv: samples };
  },
};
