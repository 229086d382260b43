import { describe, expect, test } from 'vitest';
import { attemptAt, newRawServer, newReceiver, newSender, sendTo } from '../attempts.js';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

describe('createHttpSender() and its connections', () => {
  test('send() uses a connection again', async () => {
    const receiver = await newReceiver(() => ({ status: 200, body: 'ok' }));
    const sender = newSender();
    for (let n = 0; n < 5; n++) await sender.send(attemptAt(receiver.url));
    expect([receiver.requests.length, receiver.connections()]).toEqual([5, 1]);
  });

  test('send() opens as many connections as there are concurrent attempts, and uses them again', async () => {
    const receiver = await newReceiver(async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return undefined;
    });
    const sender = newSender();
    const together = () =>
      Promise.all(Array.from({ length: 10 }, () => sender.send(attemptAt(receiver.url))));
    await together();
    await together();
    expect([receiver.requests.length, receiver.connections()]).toEqual([20, 10]);
  });

  test('send() delivers all to a receiver that closes each connection after its answer without saying so', async () => {
    const receiver = await newReceiver(() => ({ status: 200, body: 'ok', thenClose: true }));
    const sender = newSender();
    for (let n = 0; n < 30; n++) {
      expect(await sender.send(attemptAt(receiver.url))).toMatchObject({ kind: 'answer', status: 200 });
      if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, n / 3));
    }
    expect(receiver.requests).toHaveLength(30);
  });

  test('send() delivers all to a receiver that says connection: close', async () => {
    const receiver = await newReceiver(undefined, { keepAlive: false });
    const sender = newSender();
    for (let n = 0; n < 5; n++) {
      expect(await sender.send(attemptAt(receiver.url))).toMatchObject({ kind: 'answer', status: 204 });
    }
    expect([receiver.requests.length, receiver.connections()]).toEqual([5, 5]);
  });

  test.each(['ends', 'resets'])(
    'send() sends once more, on a new connection, when a used one %s before a byte of the answer',
    async (how) => {
      const server = await newRawServer((socket) => {
        socket.once('data', () => {
          socket.write(NO_CONTENT);
          socket.once('data', () => (how === 'ends' ? socket.end() : socket.resetAndDestroy()));
        });
      });
      const sender = newSender();
      expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'answer', status: 204 });
      expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'answer', status: 204 });
      expect(server.connections()).toBe(2);
      expect(server.received().match(/POST/g)).toHaveLength(3);
    },
  );

  test('send() sends once more only once', async () => {
    const server = await newRawServer((socket, count) => {
      socket.once('data', () => {
        if (count > 1) return socket.end();
        socket.write(NO_CONTENT);
        return socket.once('data', () => socket.end());
      });
    });
    const sender = newSender();
    await sender.send(attemptAt(server.url));
    expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'error', code: 'SOCKET_CLOSED' });
    expect(server.connections()).toBe(2);
  });

  test('send() does not send again when a used connection closes after the first byte of the answer', async () => {
    const server = await newRawServer((socket) => {
      socket.once('data', () => {
        socket.write(NO_CONTENT);
        socket.once('data', () => socket.end('HTTP/1.1 2'));
      });
    });
    const sender = newSender();
    await sender.send(attemptAt(server.url));
    expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'error', code: 'SOCKET_CLOSED' });
    expect(server.received().match(/POST/g)).toHaveLength(2);
  });

  test('send() does not send again when a new connection closes', async () => {
    const server = await newRawServer((socket) => socket.once('data', () => socket.end()));
    expect(await sendTo(server.url)).toMatchObject({ kind: 'error', code: 'SOCKET_CLOSED' });
    expect(server.received().match(/POST/g)).toHaveLength(1);
  });

  test('send() keeps within its deadline when it sends once more', async () => {
    const server = await newRawServer((socket, count) => {
      if (count > 1) return;
      socket.once('data', () => {
        socket.write(NO_CONTENT);
        socket.once('data', () => setTimeout(() => socket.destroy(), 100));
      });
    });
    const sender = newSender();
    await sender.send(attemptAt(server.url));
    const result = await sender.send(attemptAt(server.url, { endpoint: { timeoutMs: 250 } }));
    expect(result).toMatchObject({ kind: 'error', code: 'TIMEOUT' });
    expect(server.connections()).toBe(2);
  });
});
