/** Real receivers on 127.0.0.1, at a port of the system's choice: a well-behaved one, and hostile ones on bare TCP. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as it came in. */
export interface ReceivedRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Names and values by turns, as they were sent. */
  rawHeaders: string[];
  body: Buffer;
  /** When it was complete, ms since the epoch. */
  at: number;
  /** Counts the TCP connections from 1. */
  connection: number;
}

/** What a receiver answers. */
export interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** Ends the connection right after the answer, without a word of it in the answer. */
  thenClose?: boolean;
}

/** Decides on the answer to a request; `undefined` is 204. */
export type AnswerRequest = (request: ReceivedRequest) => Answer | undefined | Promise<Answer | undefined>;

export interface ReceiverOptions {
  /** PEM texts; with them it speaks https. */
  tls?: { key: string; cert: string };
  /** Answers with `connection: close` where this is false. Default true. */
  keepAlive?: boolean;
}

export interface Receiver {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** How many connections there were. */
  connections(): number;
  /** Waits until there were `count` requests; throws after `timeoutMs` (default 5,000). */
  waitFor(count: number, timeoutMs?: number): Promise<void>;
  /** Ends it and all its connections. */
  close(): Promise<void>;
}

/**
 * Starts an HTTP receiver that records each request.
 *
 * @param answer what to answer; 204 by default
 */
export async function startReceiver(
  answer: AnswerRequest = () => undefined,
  { tls, keepAlive = true }: ReceiverOptions = {},
): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const ids = new WeakMap<Socket, number>();

  const listener: RequestListener = async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return; // The sender has gone away in the middle of its request.
    }
    const request: ReceivedRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      body: Buffer.concat(chunks),
      at: Date.now(),
      connection: ids.get(incoming.socket) ?? 0,
    };
    requests.push(request);
    const { status = 204, headers = {}, body, thenClose = false } = (await answer(request)) ?? {};
    if (!keepAlive) outgoing.shouldKeepAlive = false;
    outgoing.writeHead(status, headers);
    outgoing.end(body, () => {
      if (thenClose) incoming.socket.destroySoon();
    });
  };

  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const listening = await listen(server);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    ids.set(socket, listening.connections());
  });

  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${listening.port}`,
    requests,
    connections: listening.connections,
    async waitFor(count, timeoutMs = 5_000) {
      const deadline = Date.now() + timeoutMs;
      while (requests.length < count) {
        if (Date.now() > deadline)
          throw new Error(`${requests.length} of ${count} requests within ${timeoutMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    close: listening.close,
  };
}

/** Starts a receiver that ends with the running test. */
export async function receiver(answer?: AnswerRequest): Promise<Receiver> {
  const started = await startReceiver(answer);
  onTestFinished(() => started.close());
  return started;
}

/** A receiver of TCP connections. */
export interface RawServer {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string;
  readonly port: number;
  connections(): number;
  /** All that was received, over all connections, as Latin-1. */
  received(): string;
  /** Waits until all connections so far are closed; throws after `timeoutMs` (default 5,000). */
  allClosed(timeoutMs?: number): Promise<void>;
  /** Ends it and all its connections. */
  close(): Promise<void>;
}

/** Starts a TCP server that does as it is told with each connection (`count` counts them from 1). */
export async function startRawServer(onSocket: (socket: Socket, count: number) => void): Promise<RawServer> {
  const chunks: Buffer[] = [];
  const server = createTcpServer((socket) => {
    socket.on('data', (chunk) => chunks.push(chunk));
    onSocket(socket, listening.connections());
  });
  const listening = await listen(server);
  return {
    url: `http://127.0.0.1:${listening.port}`,
    port: listening.port,
    connections: listening.connections,
    received: () => Buffer.concat(chunks).toString('latin1'),
    async allClosed(timeoutMs = 5_000) {
      const deadline = Date.now() + timeoutMs;
      while (listening.open() > 0) {
        if (Date.now() > deadline) throw new Error(`${listening.open()} connections after ${timeoutMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    close: listening.close,
  };
}

/** Ways to treat a connection badly, for {@link startRawServer}. */
export const hostile: Readonly<
  Record<
    | 'neverAnswers'
    | 'dripsHeaders'
    | 'dripsBody'
    | 'sends1xxForever'
    | 'resets'
    | 'closes'
    | 'sendsBodyForever'
    | 'answersGarbage'
    | 'sendsHugeHeaders',
    (socket: Socket) => void
  >
> = {
  neverAnswers: () => undefined,
  dripsHeaders: (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-drip: ', 'a'),
  dripsBody: (socket) => drip(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n', 'a'),
  sends1xxForever: (socket) => drip(socket, '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
  resets: (socket) => socket.once('data', () => socket.resetAndDestroy()),
  closes: (socket) => socket.once('data', () => socket.end()),
  sendsBodyForever(socket) {
    const chunk = Buffer.alloc(65_536, 'a');
    const pump = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n');
      pump();
    });
    socket.on('drain', pump);
  },
  answersGarbage: (socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n')),
  sendsHugeHeaders(socket) {
    const headers = Array.from({ length: 200 }, (_, n) => `x-${n}: ${'a'.repeat(1000)}\r\n`).join('');
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${headers}content-length: 0\r\n\r\n`));
  },
};

/** Sends `start` when a request comes, and then `piece` every 10 ms. */
function drip(socket: Socket, start: string, piece: string): void {
  socket.once('data', () => {
    socket.write(start);
    const timer = setInterval(() => socket.write(piece), 10);
    socket.once('close', () => clearInterval(timer));
  });
}

interface Listening {
  port: number;
  connections(): number;
  open(): number;
  close(): Promise<void>;
}

async function listen(server: NetServer): Promise<Listening> {
  const sockets = new Set<Socket>();
  let count = 0;
  server.prependListener('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    // What a broken connection means is for the sender to find out.
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    open: () => sockets.size,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
