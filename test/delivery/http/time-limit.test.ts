import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
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
const timeout = (within: string, what = 'answer') => ({
  kind: 'error',
  code: 'TIMEOUT',
  message: `no ${what} within ${within}`,
});

describe('createHttpSender().send() and its time limit', () => {
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
