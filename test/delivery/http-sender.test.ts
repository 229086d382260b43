import { describe, expect, test } from 'vitest';
import { composeSender } from '../../src/delivery/http-sender.js';
import type { Prepare } from '../../src/delivery/prepared.js';
import { createPrepare } from '../../src/delivery/request/prepare.js';
import { createSecretReader } from '../../src/delivery/request/secrets.js';
import { attemptAt, newReceiver, newTransport } from './attempts.js';

const prepare = createPrepare({ userAgent: 'x', secrets: createSecretReader({ env: {} }) });

describe('composeSender()', () => {
  test('send() waits for a preparation that takes time', async () => {
    const receiver = await newReceiver();
    const prepareLater: Prepare = async (attempt) => prepare(attempt);
    const sender = composeSender(prepareLater, newTransport());
    expect(await sender.send(attemptAt(receiver.url))).toMatchObject({ kind: 'answer', status: 204 });
    expect(receiver.requests).toHaveLength(1);
  });

  test('send() has the time limit that the preparation leaves', async () => {
    const receiver = await newReceiver(() => new Promise(() => {}));
    const prepareWithLimit: Prepare = (attempt) => ({ ...prepare(attempt), timeoutMs: 50 });
    const sender = composeSender(prepareWithLimit, newTransport());
    expect(await sender.send(attemptAt(receiver.url))).toMatchObject({ message: 'no answer within 50ms' });
  });

  test.each<[string, Prepare]>([
    ['is refused', () => ({ kind: 'error', code: 'BAD_SECRET', message: 'TOKEN is not set' })],
    ['is refused later', async () => ({ kind: 'error', code: 'BAD_SECRET', message: 'TOKEN is not set' })],
  ])('send() whose preparation %s sends nothing, and resolves to the error', async (_, refuse) => {
    const receiver = await newReceiver();
    const sender = composeSender(refuse, newTransport());
    expect(await sender.send(attemptAt(receiver.url))).toEqual({
      kind: 'error',
      code: 'BAD_SECRET',
      message: 'TOKEN is not set',
    });
    expect(receiver.connections()).toBe(0);
  });

  test.each<[string, Prepare]>([
    [
      'throws',
      () => {
        throw new TypeError('a bug');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('a bug'))],
  ])('send() whose preparation %s resolves to an error', async (_, fail) => {
    const sender = composeSender(fail, newTransport());
    expect(await sender.send(attemptAt('http://127.0.0.1:9'))).toMatchObject({
      kind: 'error',
      code: 'UNKNOWN',
    });
  });
});
