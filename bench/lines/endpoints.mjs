/**
 * The same number of deliveries for 10,000 endpoints as for one, all URLs on
 * the same nginx.
 *
 * queued: they lie in the queue, and `drain` sends them.
 * fired: few events that go to every endpoint lie in incoming/, beside many
 * that go to the one; so making and removing 10,000 queues is in it, too.
 *
 * Both are timed as whole processes, reading a hooks file with 10,000 URLs included.
 */
import { createHash } from 'node:crypto';
import { queueDeliveries } from '../support/backlog.mjs';
import { makeSpool } from '../support/capnhook.mjs';
import { settleDisk } from '../support/disk.mjs';
import { timeDrain } from '../support/drains.mjs';
import { createIds, writeEvents } from '../support/events.mjs';
import { inTurn } from '../support/in-turn.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { atLeast } from '../support/stats.mjs';

export const endpoints = {
  name: 'endpoints',
  beside: '1 endpoint',
  needs: ['nginx'],
  rows: [
    { id: 'queued', what: '20,000 queued deliveries for 10,000 endpoints', unit: '/s', bar: atLeast(0.7) },
    { id: 'fired', what: '2 events fired for 10,000 endpoints', unit: '/s', bar: atLeast(0.7) },
  ],
  async measure(bench) {
    const receiver = await startReceiver(bench);
    const many = bench.pick({ full: 10_000, quick: 2_000 });
    const rounds = bench.pick({ full: 5, quick: 3 });
    const count = 2 * many;
    const compare = (fill) => {
      const measure = (width) => async () =>
        timeDrain(bench, { receiver, count, filled: await fill(bench, { receiver, width, count }) });
      return inTurn(bench, rounds, { ours: measure(many), theirs: measure(1) });
    };
    return { queued: await compare(fillQueues), fired: await compare(fillIncoming) };
  },
};

/** A spool with its hook `complete` registered for `width` URLs. */
function makeWide(bench, { receiver, width }) {
  const urls = Array.from({ length: width }, (_, n) => receiver.url(`/${n}`));
  const directory = `${bench.directory}/wide`;
  // One endpoint alone has as many connections as all together may have.
  const hooks = `hooks:\n  complete:\n${urls.map((url) => `    - ${url}\n`).join('')}defaults: { concurrency: 32 }\n`;
  return { urls, directory, ...makeSpool(directory, hooks) };
}

/** A spool with `count` deliveries queued, spread over `width` endpoints. */
export async function fillQueues(bench, { receiver, width, count }) {
  const made = makeWide(bench, { receiver, width });
  const nextId = createIds();
  for (const url of made.urls) {
    await queueDeliveries({ spool: made.spool, endpoint: endpointOf(url), count: count / width, nextId });
  }
  settleDisk(made.directory);
  return made;
}

/** A spool in which events for `width` endpoints wait in incoming/: `count` deliveries. */
export function fillIncoming(bench, { receiver, width, count }) {
  const made = makeWide(bench, { receiver, width });
  writeEvents(`${made.spool}/incoming`, count / width);
  settleDisk(made.directory);
  return made;
}

/** The id of an endpoint that is only a URL (docs/spool-format.md). */
function endpointOf(url) {
  return `127.0.0.1~${createHash('sha256').update(url).digest('hex').slice(0, 12)}`;
}
