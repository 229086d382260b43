/** The events of the benchmark: 1 KB of JSON each, as payloads, lines and event files. */

import { once } from 'node:events';
import { closeSync, createWriteStream, mkdirSync, openSync, writeSync } from 'node:fs';

const payloadBytes = 1024;
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A payload of 1,024 bytes, numbered so that a receiver can tell it.
 * @param {number} n up to 99,999,999
 */
export function payload(n) {
  const head = `{"n":"${String(n).padStart(8, '0')}","status":"OK","name":"Jed","items":[`;
  let items = '';
  for (let item = 0; head.length + items.length < payloadBytes - 120; item += 1) {
    items += `{"sku":"A-${item}","count":${item % 7},"price":12.50,"note":"as ordered"},`;
  }
  const open = `${head}${items}"`;
  return `${open}${'.'.repeat(payloadBytes - open.length - 3)}"]}`;
}

/** The number of a payload, from its first bytes. */
export function numberOf(text) {
  return Number(text.slice(6, 14));
}

/** Ids as `fire` makes them up, rising: `evt_` and a ULID. */
export function createIds() {
  const now = Date.now();
  let count = 0;
  return () => {
    count += 1;
    return `evt_${base32(now, 10)}${base32(count, 16)}`;
  };
}

function base32(number, length) {
  let text = '';
  for (let rest = number; text.length < length; rest = Math.floor(rest / 32)) text = digits[rest % 32] + text;
  return text;
}

/** An event file's text, as `fire` writes it (docs/spool-format.md). */
function eventText({ id, hook, n }) {
  const time = new Date().toISOString();
  return `{"capnhook":1,"id":"${id}","hook":"${hook}","time":"${time}",\n"payload":${payload(n)}\n}\n`;
}

/** Writes event files into a directory, numbered from 0; not synced. `hookOf(n)` is the hook of the n-th. */
export function writeEvents(directory, count, hookOf = () => 'complete') {
  const nextId = createIds();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (let n = 0; n < count; n += 1) {
    const id = nextId();
    const fd = openSync(`${directory}/${id}.json`, 'wx', 0o600);
    writeSync(fd, eventText({ id, hook: hookOf(n), n }));
    closeSync(fd);
  }
}

/** Writes payloads, one a line. */
export async function writeLines(path, count) {
  const file = createWriteStream(path);
  for (let n = 0; n < count; n += 1) if (!file.write(`${payload(n)}\n`)) await once(file, 'drain');
  file.end();
  await once(file, 'close');
}
