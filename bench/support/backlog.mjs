/**
 * Deliveries that are owed, made directly in the queue's layout
 * (docs/spool-format.md): segments of 4,096. They are hard links to few files,
 * as those of an event with many endpoints are, so that 1,000,000 of them take
 * seconds. The header has no id: a delivery's name is its id then.
 */
import { linkSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { createIds, payload } from './events.mjs';

const perSegment = 4_096;
/** ext4 allows 65,000 names for a file. */
const perFile = 60_000;

/**
 * Queues so many deliveries for one endpoint.
 * @param {{ spool: string, endpoint: string, count: number, nextId?: () => string }} options
 */
export async function queueDeliveries({ spool, endpoint, count, nextId = createIds() }) {
  const queue = `${spool}/queue/${endpoint}`;
  const source = `${spool}/tmp/source-${endpoint}`;
  const header = `{"capnhook":1,"hook":"complete","time":"${new Date().toISOString()}",`;
  const text = `${header}\n"payload":${payload(0)}\n}\n`;
  for (let n = 0; n < count; n += 1) {
    if (n % perFile === 0) {
      if (n > 0) unlinkSync(source);
      writeFileSync(source, text, { mode: 0o600 });
    }
    const segment = `${queue}/${String(Math.floor(n / perSegment) + 1).padStart(8, '0')}`;
    if (n % perSegment === 0) {
      mkdirSync(segment, { recursive: true, mode: 0o700 });
      await setImmediate(); // lets a signal in
    }
    linkSync(source, `${segment}/${nextId()}.json`);
  }
  unlinkSync(source);
}
