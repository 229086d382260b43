// The bare loop: one payload from memory, again and again, through undici's
// Pool.dispatch with a flat header array, a Buffer and a small handler. Prints
// deliveries a second, as measured in here, after a warm-up: without the start
// of Node, without a disk, without signing, this is what undici can do.
//   node pool-dispatch.mjs URL FILE COUNT CONNECTIONS
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

const [url, file, count, connections] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 });
const headers = [
  ...['content-type', 'application/json', 'user-agent', 'bench/1.0.0'],
  ...['webhook-id', 'evt_01M84Y6NEAK8SF1JZHYKMX0QPY', 'webhook-timestamp', '1795462276'],
  ...['capnhook-hook', 'complete', 'capnhook-attempt', '1'],
  ...['webhook-signature', `v1,${'x'.repeat(43)}=`],
];
const request = { method: 'POST', path: pathname, headers, body: readFileSync(file) };

/** Sends so many; resolves when all are answered. */
function send(total) {
  return new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const next = () => {
      if (started < total) {
        started += 1;
        pool.dispatch(request, handler);
      }
    };
    const handler = {
      onRequestStart() {},
      onResponseStart(_, status) {
        if (status !== 204) reject(new Error(`answered ${status}`));
      },
      onResponseData() {},
      onResponseEnd() {
        ended += 1;
        if (ended === total) resolve();
        else next();
      },
      onResponseError: (_, error) => reject(error),
    };
    for (let n = 0; n < 2 * Number(connections); n += 1) next();
  });
}

await send(Math.ceil(Number(count) / 4));
const start = performance.now();
await send(Number(count));
console.log((1000 * Number(count)) / (performance.now() - start));
await pool.destroy();
