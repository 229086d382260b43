import { expect, onTestFinished, test } from 'vitest';
import { createHttpSender } from '../../../src/delivery/http-sender.js';
import { createSecretReader } from '../../../src/delivery/request/secrets.js';
import { attemptAt, newReceiver } from '../attempts.js';

test('send() uses a connection for three minutes and 2,000 requests at most', async () => {
  const receiver = await newReceiver();
  const clock = { now: 0 };
  const secrets = createSecretReader({ env: {} });
  const sender = createHttpSender({ userAgent: 'x', secrets, now: () => clock.now });
  onTestFinished(() => sender.close());
  const send = () => sender.send(attemptAt(receiver.url, { endpoint: { timeoutMs: 30_000 } }));
  for (let n = 0; n < 3; n += 1) await send();
  expect(receiver.connections()).toBe(1);
  clock.now += 181_000;
  for (let n = 0; n < 2_001; n += 1) await send();
  expect(receiver.connections()).toBe(3);
});
