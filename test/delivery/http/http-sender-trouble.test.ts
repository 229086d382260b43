import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { CutSignal } from '../../../src/shared/cut.js';
import { hostile } from '../../support/receiver.js';
import { attemptAt, newRawServer, newReceiver, newSender, sendTo } from '../attempts.js';

const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);
beforeAll(() => {
  process.on('unhandledRejection', note);
  process.on('uncaughtExceptionMonitor', note);
  process.on('warning', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  process.off('uncaughtExceptionMonitor', note);
  process.off('warning', note);
  expect(unhandled).toEqual([]);
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const timeout = (within: string, what = 'answer') => ({
  kind: 'error',
  code: 'TIMEOUT',
  message: `no ${what} within ${within}`,
});

describe('createHttpSender().send() and answers that are none', () => {
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
});

describe('createHttpSender().send() and its deadline', () => {
  test.each(['neverAnswers', 'sends1xxForever'] as const)(
    'send() gives up a receiver that %s, and drops the connection',
    async (mode) => {
      const server = await newRawServer(hostile[mode]);
      expect(await sendTo(server.url, { endpoint: { timeoutMs: 200 } })).toEqual(timeout('200ms'));
      await server.allClosed();
      expect(server.received().match(/POST/g)).toHaveLength(1);
    },
  );

  test('send() gives up a TLS handshake that never ends', async () => {
    const server = await newRawServer(hostile.neverAnswers);
    const url = server.url.replace('http:', 'https:');
    expect(await sendTo(url, { endpoint: { timeoutMs: 200 } })).toEqual(timeout('200ms', 'connection'));
    await server.allClosed();
  });

  test('send() gives up a receiver that takes nothing of a large body', async () => {
    const server = await newRawServer((socket) => socket.pause());
    const payload = Buffer.alloc(32 * 1024 * 1024, 'a');
    const parts = { event: { payload }, endpoint: { timeoutMs: 300 } };
    expect(await sendTo(server.url, parts)).toEqual(timeout('300ms'));
  });

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

  test('send() takes a deadline beyond what a timer can hold', async () => {
    const receiver = await newReceiver();
    const result = await sendTo(receiver.url, { endpoint: { timeoutMs: 365 * 86_400_000 } });
    expect(result).toMatchObject({ kind: 'answer', status: 204 });
  });

  // A kernel that has no room for another connection lets the client wait, and try again after a second.
  test.skipIf(process.platform !== 'linux')(
    'send() never sends what it gave up while it was connecting',
    async () => {
      const program = `
        const server = require('node:net').createServer((socket) => socket.on('data', (data) => process.stdout.write(data)).on('error', () => {}));
        server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.stdout.write(server.address().port + '\\n'));`;
      const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => {
        child.kill('SIGKILL');
      });
      let output = '';
      child.stdout.on('data', (data: Buffer) => {
        output += data.toString();
      });
      while (!output.includes('\n')) await pause(10);
      const port = Number.parseInt(output, 10);

      child.kill('SIGSTOP');
      await pause(50);
      const fillers = Array.from({ length: 2 }, () =>
        connect(port, '127.0.0.1').on('error', () => undefined),
      );
      onTestFinished(() => {
        for (const socket of fillers) socket.destroy();
      });
      await Promise.all(fillers.map((socket) => once(socket, 'connect')));

      const sender = newSender();
      const given = await sender.send(
        attemptAt(`http://127.0.0.1:${port}`, { endpoint: { timeoutMs: 200 } }),
      );
      expect(given).toEqual(timeout('200ms', 'connection'));
      child.kill('SIGCONT');
      const patient = attemptAt(`http://127.0.0.1:${port}/patient`, { endpoint: { timeoutMs: 4_000 } });
      await sender.send(patient);
      expect(output.match(/POST \S+/g)).toEqual(['POST /patient']);
    },
  );
});

describe('createHttpSender().send() and its signal', () => {
  test('send() with a signal that was aborted before sends nothing', async () => {
    const server = await newRawServer(hostile.neverAnswers);
    expect(await sendTo(server.url, { signal: AbortSignal.abort() })).toEqual({ kind: 'aborted' });
    await pause(50);
    expect(server.connections()).toBe(0);
  });

  test('send() is aborted by its signal while it waits for the answer', async () => {
    const server = await newRawServer(hostile.neverAnswers);
    const controller = new AbortController();
    const sending = sendTo(server.url, { signal: controller.signal });
    while (!server.received().includes('POST')) await pause(5);
    controller.abort();
    expect(await sending).toEqual({ kind: 'aborted' });
    await server.allClosed();
  });

  test('send() is aborted by its signal while it connects', async () => {
    const server = await newRawServer(hostile.neverAnswers);
    const controller = new AbortController();
    const sending = sendTo(server.url.replace('http:', 'https:'), { signal: controller.signal });
    while (server.connections() === 0) await pause(5);
    controller.abort();
    expect(await sending).toEqual({ kind: 'aborted', waitedFor: 'connection' });
    await server.allClosed();
  });

  test('send() has the status although it is aborted during the body', async () => {
    const server = await newRawServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'));
    });
    const controller = new AbortController();
    const sending = sendTo(server.url, { signal: controller.signal });
    while (!server.received().includes('1234')) await pause(5);
    await pause(100);
    controller.abort();
    expect(await sending).toMatchObject({ kind: 'answer', status: 200 });
  });

  test('send() takes one signal for many attempts, and no longer listens to it when they are over', async () => {
    const receiver = await newReceiver();
    const listeners = new Set<() => void>();
    let most = 0;
    const signal: CutSignal = {
      aborted: false,
      addEventListener(_type, listener) {
        listeners.add(listener);
        most = Math.max(most, listeners.size);
      },
      removeEventListener: (_type, listener) => void listeners.delete(listener),
    };
    const sender = newSender();
    const results = await Promise.all(
      Array.from({ length: 50 }, () => sender.send(attemptAt(receiver.url, { signal }))),
    );
    expect(results.every(({ kind }) => kind === 'answer')).toBe(true);
    expect(most).toBe(50);
    expect(listeners.size).toBe(0);
  });
});

describe('createHttpSender().send() and errors', () => {
  async function freePort(): Promise<string> {
    const server = await newRawServer(() => undefined);
    await server.close();
    return server.url;
  }

  test('send() gives ECONNREFUSED where nobody listens', async () => {
    expect(await sendTo(await freePort())).toEqual({
      kind: 'error',
      code: 'ECONNREFUSED',
      message: 'the connection was refused',
    });
  });

  test('send() gives ECONNREFUSED for a name with several addresses, too', async () => {
    const url = (await freePort()).replace('127.0.0.1', 'localhost');
    expect(await sendTo(url)).toMatchObject({ kind: 'error', code: 'ECONNREFUSED' });
  });

  test('send() says that a host name cannot be looked up', async () => {
    const result = await sendTo('http://capnhook.invalid/', { endpoint: { timeoutMs: 3_000 } });
    expect(result.kind === 'error' && result.code).toMatch(/^(ENOTFOUND|EAI_AGAIN|TIMEOUT)$/);
  });

  test.each([
    ['resets', 'ECONNRESET'],
    ['closes', 'SOCKET_CLOSED'],
    ['answersGarbage', 'BAD_RESPONSE'],
  ] as const)('send() to a receiver that %s gives %s', async (mode, code) => {
    const server = await newRawServer(hostile[mode]);
    expect(await sendTo(server.url)).toMatchObject({ kind: 'error', code });
    await server.allClosed();
  });

  test('send() takes an upgrade, which nobody asked for, as BAD_RESPONSE', async () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n';
    const server = await newRawServer((socket) => socket.once('data', () => socket.write(text)));
    expect(await sendTo(server.url)).toMatchObject({ kind: 'error', code: 'BAD_RESPONSE' });
  });

  test('send() to https where plain HTTP is spoken says so', async () => {
    const receiver = await newReceiver();
    const result = await sendTo(receiver.url.replace('http:', 'https:'));
    expect(result).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('does not speak TLS on this port'),
    });
  });

  test('send() after an error sends to the same endpoint as if nothing had been', async () => {
    let broken = true;
    const server = await newRawServer((socket) => {
      if (broken) hostile.resets(socket);
      else socket.once('data', () => socket.write('HTTP/1.1 204 No Content\r\n\r\n'));
    });
    const sender = newSender();
    expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'error' });
    broken = false;
    expect(await sender.send(attemptAt(server.url))).toMatchObject({ kind: 'answer', status: 204 });
  });

  test('send() with a header that belongs to the connection gives BAD_REQUEST', async () => {
    const receiver = await newReceiver();
    const headers = { 'transfer-encoding': { value: 'chunked' } };
    expect(await sendTo(receiver.url, { endpoint: { headers } })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(receiver.requests).toEqual([]);
  });
});
