import { describe, expect, test } from 'vitest';
import type { CutSignal } from '../../../src/shared/cut.js';
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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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
