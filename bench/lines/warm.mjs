/**
 * A daemon that has drained before, beside the bare loop of undici. So that it
 * starts from the same line as `drain` does, with every event waiting, the
 * daemon is stopped (SIGSTOP) while the events are moved into incoming/, and
 * the clock starts when it may go on. It stops when the receiver has got all,
 * and nothing is left in the spool.
 */
import { readdirSync, renameSync } from 'node:fs';
import { prepareBareLoop } from '../support/bare-loop.mjs';
import { makeSpool, signedHooks } from '../support/capnhook.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { settleDisk } from '../support/disk.mjs';
import { untilEmpty } from '../support/drains.mjs';
import { writeEvents } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { nowMs, until } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { atLeast } from '../support/stats.mjs';

export const drainWarm = {
  name: 'drain-warm',
  beside: 'undici Pool.dispatch, memory',
  needs: ['nginx'],
  isAlsoInMemory: true,
  rows: [{ id: 'warm', what: 'a warm daemon, 20,000 single files, signed', unit: '/s', bar: atLeast(0.33) }],
  async measure(bench) {
    const count = bench.pick({ full: 20_000, quick: 5_000 });
    const receiver = await startReceiver(bench);
    const url = receiver.url();
    const made = makeSpool(`${bench.directory}/warm`, signedHooks(url));
    const loop = await prepareBareLoop(bench, { url, count: 2 * count });
    const daemon = await startDaemon(bench, made);
    bench.defer(() => daemon.kill('SIGCONT')); // one that is stopped could not be ended
    const samples = await inTurn(bench, bench.pick({ full: 7, quick: 3 }), {
      ours: () => timeBurst(bench, { daemon, receiver, count, spool: made.spool }),
      theirs: loop.time,
      warmUp: 1,
    });
    return { warm: { ...samples, note: `undici's best: ${loop.connections} connections` } };
  },
};

async function timeBurst(bench, { daemon, receiver, count, spool }) {
  const stage = `${bench.directory}/stage`;
  writeEvents(stage, count);
  const before = await receiver.received();
  daemon.kill('SIGSTOP');
  for (const name of readdirSync(stage)) renameSync(`${stage}/${name}`, `${spool}/incoming/${name}`);
  settleDisk(spool);
  const start = nowMs();
  daemon.kill('SIGCONT');
  const isReceived = async () => (await receiver.received()) - before >= count;
  await until(isReceived, { what: 'all deliveries', everyMs: 10 });
  await untilEmpty(spool);
  const ms = nowMs() - start;
  const received = (await receiver.received()) - before;
  if (received !== count) throw new Error(`the receiver got ${received} of ${count}`);
  return (1000 * count) / ms;
}
