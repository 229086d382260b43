/**
 * A connection without undici, for a machine on which undici's parser cannot
 * run: it is WebAssembly, which reserves 10 GB of address space (`ulimit -v`),
 * and which some set-ups switch off (`--jitless`). Node's own client has a
 * parser of native code. It is no more lenient than undici's, so it reads
 * behind the same filter. It serves one request, and is never used again.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Connecting } from '../connect/connecting.js';
import type { Destination } from '../connect/destination.js';
import { type AnswerFilter, createAnswerFilter } from './answer-filter.js';
import type { Header } from './answer-head.js';
import type { AnswerListener, Connection } from './connection.js';
import { holdWriteErrors } from './hold-write-errors.js';
import { answerOf, MAX_HEADER_BYTES, receivedSoFar } from './read-answer.js';

export interface PlainConnectionOptions {
  destination: Destination;
  connecting: Connecting;
  onDestroy(connection: Connection): void;
}

/** The smallest module that has a memory: address space for it is what may be missing. */
const tinyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 0, 1);

/** Whether WebAssembly can be had in this process. */
export function hasWebAssembly(): boolean {
  try {
    const { Instance, Module } = Reflect.get(globalThis, 'WebAssembly');
    return new Instance(new Module(tinyModule)) !== undefined;
  } catch {
    return false; // a RangeError for want of address space, a TypeError where it is switched off
  }
}

/** Makes a connection for one request. */
export function openPlainConnection(options: PlainConnectionOptions): Connection {
  const { destination, connecting, onDestroy } = options;
  let request: ClientRequest | undefined;
  let listener: AnswerListener;
  const filter = createAnswerFilter({
    onHeard: () => listener.heard(),
    onStatus: () => listener.statusKnown(),
  });

  function hear(response: IncomingMessage): void {
    listener.answered(answerOf(response.statusCode ?? 0, pairsOf(response.rawHeaders)));
    response.on('data', (bytes: Buffer) => listener.received(bytes));
    response.on('end', () => listener.ended());
    response.on('error', (error) => listener.failed(error));
  }

  const connection: Connection = {
    key: destination.key,
    isOpen: () => false,
    isOld: () => true,
    lateCode: connecting.lateCode,
    soFar: () => receivedSoFar(filter),
    restOfHead: () => filter.received()?.rest ?? Buffer.alloc(0),
    post({ path, headers, body }, given) {
      listener = given;
      const send = (socket: Socket): void => {
        pushThrough(socket, filter);
        holdWriteErrors(socket);
        const http = process.getBuiltinModule('node:http');
        const { hostname, host } = new URL(destination.origin);
        const options = { method: 'POST', path, host: hostname, maxHeaderSize: MAX_HEADER_BYTES };
        request = http.request({ ...options, setHost: false, createConnection: () => socket });
        request.setHeader('host', host);
        for (const [name, value] of pairsOf(headers)) request.setHeader(name, value);
        request.setHeader('connection', 'close');
        request.on('error', (error) => listener.failed(error));
        request.on('response', hear);
        request.on('upgrade', () => listener.failed(unasked));
        listener.started(false);
        request.end(body);
      };
      void connecting.connect().then(send, (error: Error) => listener.failed(error));
    },
    isConnecting: connecting.isUnderWay,
    cutOff: () => listener.cutOff(),
    async destroy() {
      onDestroy(connection);
      connecting.cutOff();
      request?.destroy();
    },
  };
  return connection;
}

/** The receiver has switched protocols without being asked. */
const unasked = Object.assign(new Error('the other side has switched protocols'), { code: 'HPE_UPGRADE' });

/** Node's client takes what is pushed, without `read`. */
function pushThrough(socket: Socket, filter: AnswerFilter): void {
  const push = socket.push.bind(socket);
  socket.push = (chunk: Buffer | null) => {
    const passed = filter.pass(chunk);
    return chunk !== null && passed === null ? true : push(passed);
  };
}

/** Makes pairs of a list of names and values in turn. */
function pairsOf(list: readonly string[]): Header[] {
  const pairs: Header[] = [];
  for (let at = 0; at < list.length; at += 2) pairs.push([list[at]!.toLowerCase(), list[at + 1]!]);
  return pairs;
}
