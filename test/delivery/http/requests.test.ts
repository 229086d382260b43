import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../src/delivery/sender.js';
import { attemptAt, newReceiver, newSender, sendTo } from '../attempts.js';

const SECRETS = {
  NEW: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  OLD: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
};

describe('createHttpSender().send() and its request', () => {
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
