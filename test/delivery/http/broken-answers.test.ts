import { describe, expect, test } from 'vitest';
import { hostile } from '../../support/receiver.js';
import {
  attemptAt,
  failOnUnhandledErrors,
  newRawServer,
  newReceiver,
  newSender,
  sendTo,
} from '../attempts.js';

failOnUnhandledErrors();

describe('createHttpSender().send() and broken answers', () => {
  test.each(['000', '099', '2x4', '99', '1000'])(
    'send() takes the status %s for a bad response',
    async (status) => {
      const server = await newRawServer((socket) => {
        socket.once('data', () => socket.end(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`));
      });
      expect(await sendTo(server.url, { endpoint: { timeoutMs: 2_000 } })).toMatchObject({
        kind: 'error',
        code: 'BAD_RESPONSE',
      });
    },
  );

  test.each([200, 500])('send() has the status %d although the body never ends', async (status) => {
    const server = await newRawServer((socket) => {
      socket.once('data', () => socket.write(`HTTP/1.1 ${status} X\r\ncontent-length: 10\r\n\r\nabc`));
    });
    expect(await sendTo(server.url, { endpoint: { timeoutMs: 200 } })).toMatchObject({
      kind: 'answer',
      status,
    });
    await server.allClosed();
  });

  test.each(['dripsHeaders', 'dripsBody', 'sendsHugeHeaders'] as const)(
    'send() has the status of a receiver that %s',
    async (mode) => {
      const server = await newRawServer(hostile[mode]);
      const result = await sendTo(server.url, { endpoint: { timeoutMs: 300 } });
      expect(result).toMatchObject({ kind: 'answer', status: 200 });
      await server.allClosed();
    },
  );

  test('send() has the status although the connection breaks in the body', async () => {
    const server = await newRawServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
        setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    expect(await sendTo(server.url)).toMatchObject({ kind: 'answer', status: 200 });
  });

  test('send() has the status although the chunks of the body are garbage', async () => {
    const server = await newRawServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'));
    });
    expect(await sendTo(server.url)).toMatchObject({ kind: 'answer', status: 200 });
  });

  test('send() stops reading an endless body, and drops the connection', async () => {
    const server = await newRawServer(hostile.sendsBodyForever);
    expect(await sendTo(server.url)).toMatchObject({ kind: 'answer', status: 200 });
    await server.allClosed();
  });

  test('send() reads a body of 8 KiB and keeps the connection; one more byte ends it', async () => {
    let size = 8192;
    const receiver = await newReceiver(() => ({ status: 200, body: Buffer.alloc(size) }));
    const sender = newSender();
    const send = () => sender.send(attemptAt(receiver.url));
    await send();
    await send();
    expect(receiver.connections()).toBe(1);
    size = 8193;
    expect(await send()).toMatchObject({ kind: 'answer', status: 200 });
    expect(await send()).toMatchObject({ kind: 'answer', status: 200 });
    expect(receiver.connections()).toBe(2);
  });

  test('send() takes an upgrade without a request for it as BAD_RESPONSE', async () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n';
    const server = await newRawServer((socket) => socket.once('data', () => socket.write(text)));
    expect(await sendTo(server.url)).toMatchObject({ kind: 'error', code: 'BAD_RESPONSE' });
  });
});
