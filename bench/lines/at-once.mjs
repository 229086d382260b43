/**
 * `fire()` of the library from a program that fires much: 64 under way at any
 * time, beside one after another, in one process by turns. How many fsyncs can
 * be under way depends on Node's thread pool, so there are two rows.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { library, makeSpool, program } from '../support/capnhook.mjs';
import { payload } from '../support/events.mjs';
import { runProcess } from '../support/process.mjs';
import { atLeast } from '../support/stats.mjs';

export const fireAtOnce = {
  name: 'fire-at-once',
  beside: 'fire(), one after another',
  rows: [
    { id: 'pool-64', what: 'fire() 64 at once, UV_THREADPOOL_SIZE=64', unit: '/s', bar: atLeast(7) },
    { id: 'pool-4', what: 'fire() 64 at once, thread pool as it is', unit: '/s' },
  ],
  async measure(bench) {
    writeFileSync(`${bench.directory}/payload.json`, payload(0));
    return {
      'pool-64': await measureFires(bench, 'pool-64', { UV_THREADPOOL_SIZE: '64' }),
      'pool-4': await measureFires(bench, 'pool-4', {}),
    };
  },
};

async function measureFires(bench, name, more) {
  const { spool, env } = makeSpool(`${bench.directory}/${name}`);
  const rounds = bench.pick({ full: 9, quick: 3 });
  const events = bench.pick({ full: 1_024, quick: 512 });
  const file = `${bench.directory}/payload.json`;
  const command = program('fire-by-turns.cjs', library, rounds, events, file, spool, 64, spool, 1);
  const { stdout } = await runProcess(bench, command, { env: { ...env, ...more } });
  const queued = readdirSync(`${spool}/incoming`).length;
  const fired = 2 * (rounds + 1) * events;
  if (queued !== fired) throw new Error(`${queued} of ${fired} events are queued`);
  return JSON.parse(stdout);
}
