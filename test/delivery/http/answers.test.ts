import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { attemptAt, newRawServer, newReceiver, newSender, sendTo } from '../attempts.js';

describe('createHttpSender().send() and the answer', () => {
  test.each([200, 301, 400, 404, 410, 500, 503])(
    'send() gives the status %d as an answer',
    async (status) => {
      const receiver = await newReceiver(() => ({ status, headers: { location: '/elsewhere' }, body: 'x' }));
      expect(await sendTo(receiver.url)).toMatchObject({ kind: 'answer', status });
      expect(receiver.requests).toHaveLength(1);
    },
  );

  test('send() gives Retry-After as it was written, the first where there are several', async () => {
    const once = await newReceiver(() => ({ status: 503, headers: { 'retry-after': '120' } }));
    expect(await sendTo(once.url)).toMatchObject({ kind: 'answer', status: 503, retryAfter: '120' });
    const twice = await newReceiver(() => ({ status: 429, headers: { 'Retry-After': ['1', '2'] } }));
    expect(await sendTo(twice.url)).toMatchObject({ status: 429, retryAfter: '1' });
  });

  test.each([
    [['Disable'], { delivery: 'disable' }],
    [[' abort-message '], { delivery: 'abort-message' }],
    [['abort-message, disable'], { delivery: 'disable' }],
    [['abort-message', 'later', 'DISABLE'], { delivery: 'disable' }],
    [['later,abort-message'], { delivery: 'abort-message' }],
    [['disabled'], {}],
    [[''], {}],
  ])('send() understands the header webhook-delivery: %j', async (values, wish) => {
    const receiver = await newReceiver(() => ({ status: 500, headers: { 'Webhook-Delivery': values } }));
    expect(await sendTo(receiver.url)).toMatchObject({ kind: 'answer', status: 500, ...wish });
  });

  test('send() passes over interim answers (102, 103)', async () => {
    const server = await newRawServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 102 Processing\r\nwebhook-delivery: disable\r\n\r\n');
        socket.write('HTTP/1.1 103 Early Hints\r\nretry-after: 9\r\n\r\n');
        setTimeout(() => socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'), 20);
      });
    });
    expect(await sendTo(server.url)).toMatchObject({ kind: 'answer', status: 202 });
  });

  test.each([
    ['in one piece', ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n']],
    ['in pieces', ['HTTP/1.1 1', '00 Continue\r\nx: y\r\n\r', '\nHTTP/1.1 ', '204 No Content\r\n\r\n']],
    ['twice', ['HTTP/1.1 100 \r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 204 No Content\r\n\r\n']],
  ])(
    'send() passes over 100 Continue that it has not asked for, on a connection that is kept: %s',
    async (_, pieces) => {
      const server = await newRawServer((socket) => {
        socket.on('data', async () => {
          for (const piece of pieces) {
            socket.write(piece);
            await sleep(10);
          }
        });
      });
      const sender = newSender();
      for (let n = 0; n < 3; n += 1)
        expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'answer', status: 204 });
      expect(server.connections()).toBe(1);
    },
  );

  test('send() that was answered by 100 Continue alone is not made again on another connection', async () => {
    let nth = 0;
    const server = await newRawServer((socket) => {
      socket.on('data', () => {
        nth += 1;
        if (nth === 1) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        else socket.end('HTTP/1.1 100 Continue\r\n\r\n');
      });
    });
    const sender = newSender();
    await sender.send(attemptAt(server.url));
    expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'error', code: 'SOCKET_CLOSED' });
    expect(nth).toBe(2);
  });

  test('send() does not decompress: a broken gzip body is nothing to it', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const receiver = await newReceiver(() => ({ status: 200, headers, body: 'this is not gzip' }));
    expect(await sendTo(receiver.url)).toMatchObject({ kind: 'answer', status: 200 });
  });
});
