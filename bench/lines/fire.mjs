/**
 * `capnhook fire complete payload.json` as a whole process, beside the least
 * that Node can do, and beside what people would use instead. Each run is a
 * new process; what it sends to (Redis, PostgreSQL, a receiver) runs already.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { capnhook, makeSpool, program } from '../support/capnhook.mjs';
import { payload } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { startMailQueue } from '../support/nullmailer.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { runProcess, timeProcess } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { startRedis } from '../support/redis.mjs';
import { atMost } from '../support/stats.mjs';

const warmUp = 3;
const pairs = { full: 41, quick: 11 };

/** Makes a line of `fire` beside a process that `prepare` gives a function to run and time. */
function fireLine({ name, beside, bar, needs, prepare }) {
  return {
    name,
    beside,
    needs,
    rows: [{ id: 'fire', what: 'capnhook fire complete payload.json', unit: 'ms', bar }],
    async measure(bench) {
      const file = `${bench.directory}/payload.json`;
      writeFileSync(file, payload(0));
      const theirs = await prepare(bench, file);
      return { fire: await measureFire(bench, { file, theirs }) };
    },
  };
}

async function measureFire(bench, { file, theirs }) {
  const { spool, env } = makeSpool(bench.directory);
  const rounds = bench.pick(pairs);
  const ours = () => timeProcess(capnhook('fire', 'complete', file), { env });
  const samples = await inTurn(bench, rounds, { ours, theirs, warmUp });
  const queued = readdirSync(`${spool}/incoming`).length;
  const fired = samples.ours.length + warmUp;
  if (queued !== fired) throw new Error(`${queued} events are queued, not ${fired}`);
  return samples;
}

export const fire = fireLine({
  name: 'fire',
  beside: 'node -e 0',
  bar: atMost(1.15),
  prepare: async () => () => timeProcess([process.execPath, '-e', '0']),
});

export const fireBullmq = fireLine({
  name: 'fire-bullmq',
  beside: 'Node script, BullMQ add',
  bar: atMost(0.2),
  needs: ['redis-server'],
  async prepare(bench, file) {
    const { socket } = await startRedis(bench);
    return () => timeProcess(program('bullmq-add.mjs', socket, file));
  },
});

export const firePgBoss = fireLine({
  name: 'fire-pg-boss',
  beside: 'Node script, pg-boss send',
  needs: ['initdb', 'postgres'],
  async prepare(bench, file) {
    const { directory } = await startPostgres(bench);
    await runProcess(bench, program('pg-boss-prepare.mjs', directory));
    return () => timeProcess(program('pg-boss-send.mjs', directory, file));
  },
});

export const fireNodeWebhooks = fireLine({
  name: 'fire-node-webhooks',
  beside: 'Node script, node-webhooks',
  needs: ['nginx'],
  async prepare(bench, file) {
    const receiver = await startReceiver(bench);
    return () => timeProcess(program('node-webhooks-trigger.mjs', receiver.url(), file));
  },
});

export const fireNullmailer = fireLine({
  name: 'fire-nullmailer',
  beside: 'nullmailer-inject',
  needs: ['nullmailer-inject'],
  async prepare(bench) {
    const queue = startMailQueue(bench);
    return () => timeProcess(queue.command, queue);
  },
});
