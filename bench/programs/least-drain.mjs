// The least that a drain of one process in Node can do: read each event, sign
// it, send it, and remove it when it is answered. It keeps no promise: nothing
// is checked, nothing is fsynced, nobody holds a lock, no failure is borne, and
// no journal is written. So what it takes is the limit of any drain that stands
// on one file an event (or a batch), on undici, and on one thread.
//   node least-drain.mjs URL files DIRECTORY [DIRECTORY]   moves each file into a queue, as an intake does
//   node least-drain.mjs URL lines FILE
//   node least-drain.mjs URL queues SPOOL                  an endpoint a queue, its directories removed with its last
//   node least-drain.mjs URL fanout SPOOL ENDPOINTS        links what lies in incoming/ into so many new queues first
// Of two directories the second is drained before, to be warm. Prints
// deliveries a second.
import * as fs from 'node:fs';
import { Pool } from 'undici';
import { sign } from './support/sign.mjs';

const [url, kind, path, more] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const connections = 32;
const pool = new Pool(origin, { connections, pipelining: 1 });
const scratch = Buffer.alloc(1 << 16);
const sources = { files, lines, queues, fanout };

if (kind === 'files' && more !== undefined) await sendAll(files(more));
const start = performance.now();
const count = await sendAll(sources[kind](path));
console.log((1000 * count) / (performance.now() - start));
await pool.destroy();

/** Sends what comes, so many at once; resolves to how many there were. */
function sendAll(deliveries) {
  return new Promise((resolve, reject) => {
    let count = 0;
    let underWay = 0;
    const next = () => {
      const { done, value } = deliveries.next();
      if (done && underWay === 0) resolve(count);
      if (done) return;
      count += 1;
      underWay += 1;
      const onEnd = () => {
        value.remove();
        underWay -= 1;
        next();
      };
      pool.dispatch(requestOf(value), handler({ onEnd, reject }));
    };
    for (let n = 0; n < connections; n += 1) next();
  });
}

function requestOf({ id, body, path }) {
  const { timestamp, signature } = sign(id, body);
  const headers = [
    ...['content-type', 'application/json', 'user-agent', 'bench/1.0.0'],
    ...['webhook-id', id, 'webhook-timestamp', timestamp, 'webhook-signature', signature],
  ];
  return { method: 'POST', path, headers, body };
}

function handler({ onEnd, reject }) {
  return {
    onConnect() {},
    onHeaders(status) {
      if (status !== 204) reject(new Error(`answered ${status}`));
      return true;
    },
    onData: () => true,
    onComplete: onEnd,
    onError: reject,
  };
}

function* files(directory) {
  const queue = `${directory}.queue`;
  fs.mkdirSync(queue);
  for (const name of fs.readdirSync(directory).sort()) {
    const body = payloadIn(`${directory}/${name}`);
    const moved = `${queue}/${name}`;
    fs.renameSync(`${directory}/${name}`, moved);
    yield { id: name.slice(0, -'.json'.length), body, path: pathname, remove: () => fs.unlinkSync(moved) };
  }
}

function* lines(file) {
  const bytes = fs.readFileSync(file);
  let [start, n] = [0, 0];
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    n += 1;
    const id = `evt_01M84Y6NEAK8SF1JZHYKMX0QPY-${n}`;
    yield { id, body: bytes.subarray(start, end), path: pathname, remove() {} };
    start = end + 1;
  }
}

function* queues(spool) {
  for (const endpoint of fs.readdirSync(`${spool}/queue`)) {
    const queue = `${spool}/queue/${endpoint}`;
    const segments = fs.readdirSync(queue);
    const paths = segments.flatMap((each) =>
      fs.readdirSync(`${queue}/${each}`).map((name) => `${each}/${name}`),
    );
    let left = paths.length;
    for (const path of paths) {
      const remove = () => {
        fs.unlinkSync(`${queue}/${path}`);
        left -= 1;
        if (left > 0) return;
        for (const segment of segments) fs.rmdirSync(`${queue}/${segment}`);
        fs.rmdirSync(queue);
      };
      const id = path.slice(path.indexOf('/') + 1, -'.json'.length);
      yield { id, body: payloadIn(`${queue}/${path}`), path: pathname, remove };
    }
  }
}

function* fanout(spool) {
  const incoming = `${spool}/incoming`;
  const names = fs.readdirSync(incoming);
  for (let n = 0; n < Number(more); n += 1) {
    const segment = `${spool}/queue/${n}/00000001`;
    fs.mkdirSync(`${spool}/queue/${n}`);
    fs.mkdirSync(segment);
    for (const name of names) fs.linkSync(`${incoming}/${name}`, `${segment}/${name}`);
  }
  for (const name of names) fs.unlinkSync(`${incoming}/${name}`);
  yield* queues(spool);
}

/** The payload of an event file, as `fire` lays it out: on its second line. */
function payloadIn(path) {
  const fd = fs.openSync(path, 'r');
  const length = fs.readSync(fd, scratch, 0, scratch.length, 0);
  fs.closeSync(fd);
  const start = scratch.indexOf('\n"payload":') + '\n"payload":'.length;
  return Buffer.from(scratch.subarray(start, length - '\n}\n'.length));
}
