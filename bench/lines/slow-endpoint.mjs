/**
 * Four healthy endpoints beside one that takes 5 s for each answer, and without
 * it. The slow one has its own events among those of the others, and attempts
 * of it are in flight from the beginning to the end. Timed is, from the start of
 * the process, until the healthy ones have got everything; the drain is ended then.
 */
import { rmSync } from 'node:fs';
import { capnhook, makeSpool } from '../support/capnhook.mjs';
import { settleDisk } from '../support/disk.mjs';
import { writeEvents } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { endProcess, hasEnded, nowMs, startProcess, until } from '../support/process.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { startStampingReceiver } from '../support/stamping-receiver.mjs';
import { atLeast } from '../support/stats.mjs';

const healthy = 4;
const slowEvery = 50;

export const slowEndpoint = {
  name: 'slow-endpoint',
  beside: 'without the slow one',
  needs: ['nginx'],
  rows: [{ id: 'slow', what: 'healthy endpoints beside one that takes 5 s', unit: '/s', bar: atLeast(0.9) }],
  async measure(bench) {
    const receiver = await startReceiver(bench);
    const slow = await startStampingReceiver(bench, { delayMs: 5_000 });
    const events = bench.pick({ full: 5_000, quick: 1_000 });
    const measure = (isSlow) => () => timeHealthy(bench, { receiver, slow, events, isSlow });
    return {
      slow: await inTurn(bench, bench.pick({ full: 7, quick: 3 }), {
        ours: measure(true),
        theirs: measure(false),
      }),
    };
  },
};

/** Gives deliveries a second of the healthy endpoints. */
async function timeHealthy(bench, { receiver, slow, events, isSlow }) {
  const directory = `${bench.directory}/slow`;
  const { spool, env } = makeSpool(directory, hooksOf(receiver, slow));
  const hookOf = (n) => (n % slowEvery === 0 ? 'slow' : 'complete');
  const total = isSlow ? events + Math.ceil(events / (slowEvery - 1)) : events;
  writeEvents(`${spool}/incoming`, total, isSlow ? hookOf : undefined);
  settleDisk(directory);
  const expected = healthy * (isSlow ? total - Math.ceil(total / slowEvery) : total);
  const before = await receiver.received();
  const start = nowMs();
  const drain = startProcess(bench, capnhook('drain'), { env });
  const isReceived = async () => {
    if ((await receiver.received()) - before >= expected) return true;
    if (hasEnded(drain)) throw new Error(`the drain has ended before: ${drain.said()}`);
    return false;
  };
  await until(isReceived, { what: 'the healthy endpoints', everyMs: 10 });
  const ms = nowMs() - start;
  await endProcess(drain, 'SIGKILL'); // it would wait for the slow one
  rmSync(directory, { recursive: true });
  return (1000 * expected) / ms;
}

function hooksOf(receiver, slow) {
  const urls = Array.from({ length: healthy }, (_, n) => ({
    name: `healthy-${n}`,
    url: receiver.url(`/${n}`),
  }));
  const endpoints = urls.map(({ name, url }) => `  ${name}: { url: "${url}", concurrency: 8 }`);
  return `hooks: { complete: [${urls.map(({ name }) => name).join(', ')}], slow: [slow] }
endpoints:
${endpoints.join('\n')}
  slow: { url: "${slow.url}" }
`;
}
