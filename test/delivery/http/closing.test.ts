import { describe, expect, test } from 'vitest';
import { attemptAt, newRawServer, newSender } from '../attempts.js';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

describe('createHttpSender().close() and stopConnecting()', () => {
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

  test('close() of a sender that sent nothing has nothing to wait for', async () => {
    await newSender().close();
  });
});
