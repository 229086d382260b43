/** Commands that have nothing to do, as whole processes: how soon a person, or cron, has their answer. */
import { capnhook, makeSpool, signedHooks } from '../support/capnhook.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { timeProcess } from '../support/process.mjs';
import { atMost } from '../support/stats.mjs';

function startLine(name, what, args) {
  return {
    name,
    beside: 'node -e 0',
    rows: [{ id: name, what, unit: 'ms', bar: atMost(1.6) }],
    async measure(bench) {
      const { env } = makeSpool(bench.directory, signedHooks('http://127.0.0.1:9/in'));
      const samples = await inTurn(bench, bench.pick({ full: 41, quick: 11 }), {
        ours: () => timeProcess(capnhook(...args), { env }),
        theirs: () => timeProcess([process.execPath, '-e', '0']),
        warmUp: 3,
      });
      return { [name]: samples };
    },
  };
}

export const help = startLine('help', 'capnhook --help', ['--help']);

export const drainEmpty = startLine('drain-empty', 'capnhook drain of an empty spool', ['drain']);
