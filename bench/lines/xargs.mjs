/** Files that are sent by a shell: `xargs -P16 curl`, one process each, beside drain. Fewer files, so events a second. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { findCommand } from '../support/commands.mjs';
import { settleDisk } from '../support/disk.mjs';
import { fillSpool, timeDrain } from '../support/drains.mjs';
import { payload } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { runProcess } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { atLeast } from '../support/stats.mjs';

export const drainXargs = {
  name: 'drain-xargs',
  beside: 'xargs -P16 curl',
  needs: ['nginx', 'curl', 'xargs'],
  rows: [
    { id: 'drain', what: 'drain, 20,000 single files, signed, whole process', unit: '/s', bar: atLeast(50) },
  ],
  async measure(bench) {
    const count = bench.pick({ full: 20_000, quick: 4_000 });
    const few = bench.pick({ full: 1_000, quick: 200 });
    const receiver = await startReceiver(bench);
    const url = receiver.url();
    const list = writePayloads(bench, few);
    return {
      drain: await inTurn(bench, bench.pick({ full: 5, quick: 3 }), {
        ours: () => timeDrain(bench, { receiver, count, filled: fillSpool(bench, { url, count }) }),
        theirs: () => timeCurls(bench, { receiver, list, count: few }),
      }),
    };
  },
};

/** Payloads in files, and a file with their names. */
function writePayloads(bench, count) {
  const directory = `${bench.directory}/payloads`;
  mkdirSync(directory);
  const files = Array.from({ length: count }, (_, n) => `${directory}/${n}.json`);
  for (const [n, file] of files.entries()) writeFileSync(file, payload(n));
  const list = `${bench.directory}/list`;
  writeFileSync(list, `${files.join('\n')}\n`);
  settleDisk(directory);
  return list;
}

async function timeCurls(bench, { receiver, list, count }) {
  const before = await receiver.received();
  const curl = [findCommand('curl'), '-q', '-fsS', '-o', '/dev/null', '-H', 'content-type: application/json'];
  const command = [findCommand('xargs'), '-P16', '-a', list, '-I{}', ...curl, '--data-binary', '@{}'];
  const { ms } = await runProcess(bench, [...command, receiver.url()]);
  const received = (await receiver.received()) - before;
  if (received !== count) throw new Error(`curl sent ${received} of ${count}`);
  return (1000 * count) / ms;
}
