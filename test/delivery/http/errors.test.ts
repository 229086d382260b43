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

describe('createHttpSender().send() and errors', () => {
  async function freePort(): Promise<string> {
    const server = await newRawServer(() => undefined);
    await server.close();
    return server.url;
  }

  test('send() gives ECONNREFUSED where no server listens', async () => {
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
