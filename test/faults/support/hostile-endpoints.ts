/** Endpoints on bare TCP that misbehave, each behind a port of its own, and know what they were sent and what they got rid of. */
import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { hostile } from '../../support/receiver.js';

/** How an endpoint treats a connection. */
export interface Manner {
  /** How an attempt ends there, as it is journaled: in one of these ways. */
  ends: readonly string[];
  treat(socket: Socket): void;
}

const tenGigabytes = 10 * 2 ** 30;
/** 1 GiB of zeros in 1 MiB: one member of gzip after another is as good as one. */
const bomb: Buffer = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 << 20), { level: 9 })));

/** Every way to misbehave. */
export const manners: Readonly<Record<string, Manner>> = {
  'never-answers': { ends: ['TIMEOUT'], treat: hostile.neverAnswers },
  'never-reads': { ends: ['TIMEOUT'], treat: (socket) => socket.pause() },
  'drips-headers': { ends: ['delivered'], treat: hostile.dripsHeaders },
  '1xx-for-ever': { ends: ['TIMEOUT'], treat: hostile.sends1xxForever },
  'drips-body': { ends: ['delivered'], treat: hostile.dripsBody },
  'body-for-ever': { ends: ['delivered'], treat: hostile.sendsBodyForever },
  'ten-gigabytes': {
    ends: ['delivered'],
    treat: (socket) => pour(socket, `content-length: ${tenGigabytes}\r\n\r\n`, Buffer.alloc(65_536, 'a')),
  },
  'gzip-bomb': {
    ends: ['delivered'],
    treat: (socket) =>
      pour(socket, `content-encoding: gzip\r\ncontent-length: ${tenGigabytes}\r\n\r\n`, bomb),
  },
  'chunks-for-ever': {
    ends: ['delivered'],
    treat: (socket) =>
      pour(socket, 'transfer-encoding: chunked\r\n\r\n', Buffer.from(`1000\r\n${'a'.repeat(4096)}\r\n`)),
  },
  'broken-body': {
    ends: ['delivered'],
    treat: (socket) =>
      answerOnce(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nthis is no chunk', 'reset'),
  },
  'torn-body': {
    ends: ['delivered'],
    treat: (socket) => answerOnce(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf', 'end'),
  },
  resets: { ends: ['SOCKET_CLOSED', 'ECONNRESET'], treat: hostile.resets },
  'resets-in-headers': {
    ends: ['delivered'],
    treat: (socket) => answerOnce(socket, 'HTTP/1.1 200 OK\r\ncontent-le', 'reset'),
  },
  closes: { ends: ['SOCKET_CLOSED'], treat: hostile.closes },
  'answers-garbage': { ends: ['BAD_RESPONSE'], treat: hostile.answersGarbage },
  'huge-headers': { ends: ['delivered'], treat: hostile.sendsHugeHeaders },
};

export interface HostileEndpoint {
  readonly url: string;
  /** What was received of the request on each connection, in their order. */
  requests(): ReadonlyArray<{ id: string; head: string; body: string }>;
  /** Bytes that the other side, or the kernel for it, has taken. */
  sent(): number;
  /** From now on every connection is answered with 204. */
  behave(): void;
}

/** Starts an endpoint of bad manners; it is closed at the end of the test. */
export async function startHostile({ treat }: Manner): Promise<HostileEndpoint> {
  const connections: Array<{ socket: Socket; chunks: Buffer[] }> = [];
  let behaves = false;
  const server = createServer((socket) => {
    const chunks: Buffer[] = [];
    connections.push({ socket, chunks });
    socket.on('error', () => undefined);
    if (behaves) {
      socket.on('data', (chunk) => {
        chunks.push(chunk);
        if (isWhole(chunks)) socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
      });
      return;
    }
    if (treat !== manners['never-reads']?.treat) socket.on('data', (chunk) => chunks.push(chunk));
    treat(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const { socket } of connections) socket.destroy();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/`,
    requests: () => connections.map(({ chunks }) => read(chunks)).filter(({ id }) => id !== ''),
    sent: () => connections.reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0),
    behave() {
      behaves = true;
    },
  };
}

/** Sends the same again and again, as fast as it is taken. */
function pour(socket: Socket, headers: string, piece: Buffer): void {
  const pump = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', pump);
  socket.once('data', () => {
    socket.write(`HTTP/1.1 200 OK\r\n${headers}`);
    pump();
  });
}

function answerOnce(socket: Socket, text: string, then: 'reset' | 'end'): void {
  socket.once('data', () => {
    if (then === 'end') socket.end(text);
    // What was written is to arrive before the reset takes it away.
    else socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 50));
  });
}

function read(chunks: readonly Buffer[]): { id: string; head: string; body: string } {
  const text = Buffer.concat(chunks).toString();
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  return { id: /^webhook-id: (\S+)/im.exec(head)?.[1] ?? '', head, body };
}

function isWhole(chunks: readonly Buffer[]): boolean {
  const { head, body } = read(chunks);
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  return length !== undefined && Buffer.byteLength(body) >= Number(length);
}
