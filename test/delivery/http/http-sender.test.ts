import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../src/delivery/sender.js';
import { attemptAt, newRawServer, newReceiver, newSender, sendTo } from '../attempts.js';

const SECRETS = {
  NEW: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  OLD: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
};

describe('createHttpSender().send()', () => {
  test('send() POSTs the payload with the headers of the design, and no others', async () => {
    const receiver = await newReceiver();
    const result = await sendTo(`${receiver.url}/in/put?a=1&b=%20`, { attempt: 3 });
    expect(result).toMatchObject({ kind: 'answer', status: 204 });
    const [request] = receiver.requests;
    expect([request!.method, request!.path]).toEqual(['POST', '/in/put?a=1&b=%20']);
    expect(request!.body.toString()).toBe('{"id":1234}');
    expect(request!.headers).toEqual({
      host: receiver.url.slice('http://'.length),
      accept: '*/*',
      connection: 'keep-alive',
      'content-length': '11',
      'content-type': 'application/json',
      'user-agent': 'capnhook/1.2.3',
      'webhook-id': 'evt_1',
      'webhook-timestamp': '1795435200',
      'capnhook-hook': 'complete',
      'capnhook-attempt': '3',
    });
  });

  test('send() leaves capnhook-hook out where an event has no hook', async () => {
    const receiver = await newReceiver();
    const { hook: _, ...event } = attemptAt(receiver.url).event;
    const attempt: Attempt = { ...attemptAt(receiver.url), event: { ...event, to: [receiver.url] } };
    expect(await newSender().send(attempt)).toMatchObject({ kind: 'answer', status: 204 });
    expect(receiver.requests[0]!.headers).not.toHaveProperty('capnhook-hook');
  });

  test('send() sends any payload byte for byte, with its exact length', async () => {
    const receiver = await newReceiver();
    const sender = newSender();
    const bytes = fc.uint8Array({ min: 1, minLength: 1, maxLength: 4_000 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat({ max: 7 }), async (payload, offset) => {
        // A payload is often a part of a larger buffer.
        const larger = new Uint8Array(payload.length + 10).fill(0x58);
        larger.set(payload, offset);
        const part = larger.subarray(offset, offset + payload.length);
        await sender.send(attemptAt(receiver.url, { event: { payload: part } }));
        const received = receiver.requests.at(-1)!;
        expect(received.body.equals(payload)).toBe(true);
        expect(received.headers['content-length']).toBe(`${payload.length}`);
      }),
      { numRuns: 60 },
    );
  });

  test('send() sends a payload of 8 MiB whole', async () => {
    const receiver = await newReceiver();
    const payload = Buffer.alloc(8 * 1024 * 1024, '0123456789abcdef-');
    expect(await sendTo(receiver.url, { event: { payload } })).toMatchObject({ kind: 'answer', status: 204 });
    expect(receiver.requests[0]!.body.equals(payload)).toBe(true);
  });

  test('send() signs so that the package standardwebhooks accepts what was received, with each secret', async () => {
    const receiver = await newReceiver();
    const sender = newSender(SECRETS);
    const sign = [{ env: 'NEW' }, { env: 'OLD' }];
    const timestamp = Math.floor(Date.now() / 1000);
    for (const payload of ['{"id":12345678901234567890}', '"gr\u00fc\u00dfe"']) {
      await sender.send(
        attemptAt(receiver.url, { timestamp, endpoint: { sign }, event: { payload: Buffer.from(payload) } }),
      );
      const { body, headers } = receiver.requests.at(-1)!;
      for (const secret of Object.values(SECRETS)) {
        expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow();
      }
    }
  });

  test("send() sends the endpoint's headers, and its user-agent and authorization before its own", async () => {
    const receiver = await newReceiver();
    const headers = {
      'x-env': { value: 'prod' },
      'x-latin': { value: 'caf\u00e9' },
      'user-agent': { value: 'me/1' },
      authorization: { env: 'TOKEN' },
      'webhook-id': { value: 'forged' },
    };
    const url = receiver.url.replace('http://', 'http://user:pass@');
    await newSender({ TOKEN: 'Bearer abc' }).send(attemptAt(url, { endpoint: { headers } }));
    expect(receiver.requests[0]!.headers).toMatchObject({
      'x-env': 'prod',
      'x-latin': 'caf\u00e9',
      'user-agent': 'me/1',
      authorization: 'Bearer abc',
      'webhook-id': 'evt_1',
    });
    expect(
      receiver.requests[0]!.rawHeaders.filter((name) => /^(user-agent|authorization)$/i.test(name)),
    ).toHaveLength(2);
  });

  test.each([
    ['user:pass', 'user:pass'],
    ['user', 'user:'],
    ['us%3Aer:p%40ss%C3%A4', 'us:er:p@ss\u00e4'],
    ['us%zzer:%ff', Buffer.from('us%zzer:\xff', 'latin1')],
  ])('send() turns the credentials %s of a URL into Basic authentication', async (credentials, expected) => {
    const receiver = await newReceiver();
    await sendTo(receiver.url.replace('http://', `http://${credentials}@`));
    const { headers, path } = receiver.requests[0]!;
    expect(headers.authorization).toBe(`Basic ${Buffer.from(expected).toString('base64')}`);
    expect([path, headers.host]).toEqual(['/', receiver.url.slice('http://'.length)]);
  });

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
    ['at once', ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n']],
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

  test('send() reads URLs, headers and secrets from references', async () => {
    const receiver = await newReceiver();
    const sender = newSender({ URL: `${receiver.url}/hook`, TOKEN: 'abc', ...SECRETS });
    const endpoint = {
      url: { env: 'URL' },
      headers: { 'x-token': { env: 'TOKEN' } },
      sign: [{ env: 'NEW' }],
    };
    expect(await sender.send(attemptAt('', { endpoint }))).toMatchObject({ kind: 'answer', status: 204 });
    expect(receiver.requests[0]).toMatchObject({ path: '/hook', headers: { 'x-token': 'abc' } });
  });
});

describe('createHttpSender() and its connections', () => {
  test('send() uses a connection again', async () => {
    const receiver = await newReceiver(() => ({ status: 200, body: 'ok' }));
    const sender = newSender();
    for (let n = 0; n < 5; n++) await sender.send(attemptAt(receiver.url));
    expect([receiver.requests.length, receiver.connections()]).toEqual([5, 1]);
  });

  test('send() opens as many connections as there are attempts at once, and uses them again', async () => {
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

  const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

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

  test('close() ends idle connections, and is done when they are', async () => {
    const server = await newRawServer((socket) => socket.once('data', () => socket.write(NO_CONTENT)));
    const sender = newSender();
    await sender.send(attemptAt(server.url));
    await sender.close();
    await server.allClosed();
    await sender.close();
  });

  test('close() cuts off what is in flight, and later attempts are aborted', async () => {
    const server = await newRawServer(() => undefined);
    const sender = newSender();
    const sending = sender.send(attemptAt(server.url));
    while (!server.received().includes('id')) await new Promise((resolve) => setTimeout(resolve, 5));
    await sender.close();
    expect(await sending).toEqual({ kind: 'aborted' });
    expect(await sender.send(attemptAt(server.url))).toEqual({ kind: 'aborted' });
    await server.allClosed();
    expect(server.connections()).toBe(1);
  });

  test('stopConnecting() ends what has no connection yet, lets the rest go on, and connects no more', async () => {
    const shy = await newRawServer(() => undefined);
    let answer = () => {};
    const slow = await newRawServer((socket) => {
      answer = () => socket.write(NO_CONTENT);
    });
    const sender = newSender();
    const unconnected = sender.send(attemptAt(shy.url.replace('http:', 'https:')));
    const connected = sender.send(attemptAt(slow.url));
    for (const { received } of [shy, slow])
      while (received() === '') await new Promise((resolve) => setTimeout(resolve, 5));
    sender.stopConnecting();
    expect(await unconnected).toEqual({ kind: 'aborted', waitedFor: 'connection' });
    answer();
    expect(await connected).toMatchObject({ kind: 'answer', status: 204 });
    expect(await sender.send(attemptAt(shy.url))).toEqual({ kind: 'aborted' });
    expect(shy.connections()).toBe(1);
    await sender.close();
  });

  test('close() of a sender that sent nothing is done at once', async () => {
    await newSender().close();
  });
});
