/**
 * As many single events for 10,000 hooks with one endpoint each as for one hook
 * with one endpoint, all URLs on the same nginx. Both are timed as whole
 * processes, reading a hooks file of 10,000 hooks included.
 */
import { makeSpool } from '../support/capnhook.mjs';
import { settleDisk } from '../support/disk.mjs';
import { timeDrain } from '../support/drains.mjs';
import { writeEvents } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { atLeast } from '../support/stats.mjs';

export const hooks = {
  name: 'hooks',
  beside: '1 hook',
  needs: ['nginx'],
  rows: [{ id: 'fired', what: '20,000 events for 10,000 hooks', unit: '/s', bar: atLeast(0.8) }],
  async measure(bench) {
    const receiver = await startReceiver(bench);
    const many = bench.pick({ full: 10_000, quick: 2_000 });
    const rounds = bench.pick({ full: 5, quick: 3 });
    const count = 2 * many;
    const measure = (width) => async () =>
      timeDrain(bench, { receiver, count, filled: fill(bench, { receiver, width, count }) });
    return { fired: await inTurn(bench, rounds, { ours: measure(many), theirs: measure(1) }) };
  },
};

/** A spool in which `count` events wait, for `width` hooks by turns. */
function fill(bench, { receiver, width, count }) {
  const directory = `${bench.directory}/hooks`;
  const names = Array.from({ length: width }, (_, n) => `order.n${n}`);
  const lines = names.map((name, n) => `  ${name}: [${receiver.url(`/${n}`)}]\n`);
  // One endpoint alone has as many connections as all together may have.
  const made = makeSpool(directory, `hooks:\n${lines.join('')}defaults: { concurrency: 32 }\n`);
  writeEvents(`${made.spool}/incoming`, count, (n) => names[n % width]);
  settleDisk(directory);
  return { ...made, directory };
}
