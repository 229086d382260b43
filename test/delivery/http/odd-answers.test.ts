/** Answers that a strict parser refuses, or that come at an odd time: the status still counts. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Sender } from '../../../src/delivery/sender.js';
import { newCertificate } from '../../support/certificate.js';
import { attemptAt, newRawServer, newSender, sendTo } from '../attempts.js';

/** What may follow a status line, or stand around it. `S` stands for the status. */
const ODD: Readonly<Record<string, string>> = {
  'line feeds alone': 'HTTP/1.1 S X\nretry-after: 7\ncontent-length: 2\n\nok',
  'equal lengths': 'HTTP/1.1 S X\r\nretry-after: 7\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok',
  'different lengths': 'HTTP/1.1 S X\r\nretry-after: 7\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
  'a length beside chunks':
    'HTTP/1.1 S X\r\nretry-after: 7\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'a length that is not a number': 'HTTP/1.1 S X\r\nretry-after: 7\r\ncontent-length: two\r\n\r\nok',
  'a folded header': 'HTTP/1.1 S X\r\nretry-after:\r\n 7\r\ncontent-length: 0\r\n\r\n',
  'a header without a colon': 'HTTP/1.1 S X\r\nnothing\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n',
  'a space before the colon': 'HTTP/1.1 S X\r\nretry-after : 7\r\ncontent-length: 0\r\n\r\n',
  'control characters': 'HTTP/1.1 S X\r\nx: \u0001\u0000\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n',
  'a head over the limit': `HTTP/1.1 S X\r\nretry-after: 7\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
  'garbage for chunks': 'HTTP/1.1 S X\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok',
  'an unknown encoding': 'HTTP/1.1 S X\r\nretry-after: 7\r\ntransfer-encoding: junk, chunked, x\r\n\r\nok',
  'HTTP/1.0': 'HTTP/1.0 S X\r\nretry-after: 7\r\n\r\nok',
  'another version': 'HTTP/3.7 S X\r\nretry-after: 7\r\n\r\nok',
  'no reason': 'HTTP/1.1 S\r\nretry-after: 7\r\n\r\n',
  'an odd reason': 'HTTP/1.1 S \u0001\u00ff\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n',
  'an upgrade': 'HTTP/1.1 S X\r\nretry-after: 7\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\nok',
  'a body that is cut off': 'HTTP/1.1 S X\r\nretry-after: 7\r\ncontent-length: 100\r\n\r\nok',
  'a head that is cut off': 'HTTP/1.1 S X\r\nretry-after: 7\r\nx',
  'an empty line before': '\r\nHTTP/1.1 S X\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n',
  'interim answers before':
    'HTTP/1.1 103 X\nodd\n\nHTTP/1.1 100\r\n\r\nHTTP/1.1 102 X\r\n\r\nHTTP/1.1 S X\r\nretry-after: 7\r\n\r\n',
};

describe('createHttpSender().send() and answers that a strict parser refuses', () => {
  const cases = Object.entries(ODD).flatMap(([name, text]) => [
    { name, status: 200, text },
    { name, status: 503, text },
  ]);

  test.concurrent.each(cases)('send() hears $status with $name, whole and byte by byte', async (odd) => {
    const bytes = Buffer.from(odd.text.replaceAll(' S', ` ${odd.status}`), 'latin1');
    const server = await newRawServer((socket, count) => {
      socket.once('data', () => (count === 1 ? socket.end(bytes) : void drip(socket, bytes)));
    });
    const sender = newSender();
    const expected = { kind: 'answer', status: odd.status, retryAfter: '7' };
    expect(await sender.send(attemptAt(server.url))).toMatchObject(expected);
    if (bytes.length < 1_000) expect(await sender.send(attemptAt(server.url))).toMatchObject(expected);
    await server.allClosed();
  });

  test('send() does not use the connection of an odd answer again', async () => {
    const server = await newRawServer((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\ncontent-length: 0\n\n'));
    });
    const sender = newSender();
    await sender.send(attemptAt(server.url));
    expect(await sender.send(attemptAt(server.url))).toMatchObject({ status: 200 });
    expect(server.connections()).toBe(2);
  });

  test('send() settles a 200 whose body stays open, and leaves the body after a second', async () => {
    const server = await newRawServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'));
    });
    const sender = newSender();
    const result = await sender.send(attemptAt(server.url, { endpoint: { timeoutMs: 60_000 } }));
    expect(result).toMatchObject({ kind: 'answer', status: 200, rest: expect.anything() });
    await (result as { rest: Promise<void> }).rest;
    await server.allClosed();
  });

  test.each([200, 500])(
    'send() has the status %d although the head or the body never ends',
    async (status) => {
      for (const text of ['', 'content-length: 10\r\n\r\nabc']) {
        const server = await newRawServer((socket) => {
          socket.once('data', () => socket.write(`HTTP/1.1 ${status} X\r\n${text}`));
        });
        const parts = { endpoint: { timeoutMs: 60_000 } };
        expect(await sendTo(server.url, parts)).toMatchObject({ kind: 'answer', status });
      }
    },
  );

  test('send() keeps a connection whose body comes a moment after its head', async () => {
    const server = await newRawServer((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n');
        setTimeout(() => socket.write('abc'), 20);
      });
    });
    const sender = newSender();
    for (let n = 0; n < 3; n += 1) {
      const result = await sender.send(attemptAt(server.url));
      await (result as { rest: Promise<void> }).rest;
    }
    expect(server.connections()).toBe(1);
  });

  test('send() names a receiver that speaks only HTTP/2', async () => {
    const server = await newRawServer((socket) => socket.write(Buffer.from('000000040000000000', 'hex')));
    expect(await sendTo(server.url)).toMatchObject({
      code: 'HTTP2_ONLY',
      message: 'the receiver speaks only HTTP/2, and capnhook speaks HTTP/1.1',
    });
  });
});

function drip(socket: Socket, bytes: Buffer): void {
  const [byte, rest] = [bytes.subarray(0, 1), bytes.subarray(1)];
  if (byte.length === 0) socket.end();
  else socket.write(byte, () => setImmediate(drip, socket, rest));
}

/**
 * Answers each connection before it has read the request, and closes: in a process of its own, as receivers are.
 * Arguments: the status, and the PEM texts of a key and a certificate where it speaks TLS.
 */
const EARLY = `
  const [status, key, cert] = process.argv.slice(1);
  const answer = 'HTTP/1.1 ' + status + ' X\\r\\nretry-after: 7\\r\\nconnection: close\\r\\ncontent-length: 8\\r\\n\\r\\ntoo long';
  function onSocket(socket) {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.pause();
      socket.write(answer, () => socket.destroy());
    });
  }
  const server = key ? require('node:tls').createServer({ key, cert }, onSocket) : require('node:net').createServer(onSocket);
  server.listen(0, '127.0.0.1', function () { process.send(this.address().port); });
  process.on('disconnect', () => process.exit());`;

async function earlyPort(status: number, tls?: { key: string; cert: string }): Promise<number> {
  const child = fork('-e', [EARLY, `${status}`, ...(tls ? [tls.key, tls.cert] : [])], { execArgv: [] });
  onTestFinished(() => child.disconnect());
  const [port] = await once(child, 'message');
  return port;
}

async function expectEachHeard(
  sender: Sender,
  { url, status }: { url: string; status: number },
): Promise<void> {
  const payload = Buffer.alloc(24_000_000, 'a');
  for (let n = 0; n < 8; n += 1) {
    const result = await sender.send(attemptAt(url, { event: { payload } }));
    expect(result).toMatchObject({ kind: 'answer', status, retryAfter: '7' });
  }
}

describe('createHttpSender().send() and answers that come before the body is written', () => {
  test.each([200, 413])('send() hears %d each time', async (status) => {
    const url = `http://127.0.0.1:${await earlyPort(status)}/`;
    await expectEachHeard(newSender(), { url, status });
  });

  test.each([200, 413])('send() hears %d each time over TLS', async (status) => {
    const tls = newCertificate();
    const url = `https://127.0.0.1:${await earlyPort(status, tls)}/`;
    await expectEachHeard(newSender({ SSL_CERT_FILE: tls.certFile }), { url, status });
  });
});
