import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { destinationOf } from '../../../src/delivery/connect/destination.js';
import type { Prepared } from '../../../src/delivery/prepared.js';
import { createPrepare } from '../../../src/delivery/request/prepare.js';
import { createSecretReader } from '../../../src/delivery/request/secrets.js';
import { newCertificate } from '../../support/certificate.js';
import { attemptAt, newReceiver, newTransport } from '../attempts.js';

type Rules = Parameters<typeof destinationOf>[1];

/** A request to a destination with these rules. */
function requestTo(url: string, rules: Rules): Prepared {
  const prepare = createPrepare({ userAgent: 'x', secrets: createSecretReader({ env: {} }) });
  const request = prepare(attemptAt(url));
  if (request.kind === 'error') throw new Error(request.message);
  return { ...request, destination: destinationOf(new URL(url), rules) };
}

describe('destinationOf()', () => {
  test('destinationOf() gives one key for one origin, policy and TLS settings, and another where one of them differs', () => {
    const keyOf = (url: string, rules?: Rules) => destinationOf(new URL(url), rules).key;
    const keys = [
      keyOf('https://host.example/in'),
      keyOf('http://host.example/in'),
      keyOf('https://host.example:8443/in'),
      keyOf('https://other.example/in'),
      keyOf('https://host.example/in', { policy: 'public' }),
      keyOf('https://host.example/in', { tls: 'public' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keyOf('https://user:pass@HOST.example:443/other?a=b')).toBe(keys[0]);
  });

  test.each([
    ['https://host.example/in', 'host.example', 443],
    ['http://host.example/in', 'host.example', 80],
    ['https://[::1]:8443/in', '::1', 8443],
  ])('destinationOf(%s) has the host and the port to connect to', (url, hostname, port) => {
    expect(destinationOf(new URL(url))).toMatchObject({ hostname, port });
  });
});

describe('createHttpTransport() and the keys of connections', () => {
  test('send() never uses a connection that was opened for another policy or other TLS settings', async () => {
    const receiver = await newReceiver();
    const transport = newTransport();
    const allRules: Rules[] = [{}, { policy: 'public' }, { tls: 'client-certificate' }];
    for (let n = 0; n < 3; n += 1) {
      for (const rules of allRules) {
        const result = await transport.send(requestTo(receiver.url, rules), undefined);
        expect(result).toMatchObject({ kind: 'answer', status: 204 });
      }
    }
    const used = receiver.requests.map(({ connection }) => connection);
    expect(used).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  test('send() never resumes a TLS session that was made with other TLS settings', async () => {
    const tls = newCertificate();
    const server = createServer(tls, (_request, response) => {
      response.writeHead(204, { connection: 'close' }).end();
    });
    const resumed: boolean[] = [];
    server.on('secureConnection', (socket: TLSSocket) => void resumed.push(socket.isSessionReused()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const transport = newTransport({ SSL_CERT_FILE: tls.certFile });
    /** Whether the last connection of this request resumed a session. */
    const isResumed = async (rules: Rules) => {
      expect(await transport.send(requestTo(url, rules), undefined)).toMatchObject({ status: 204 });
      return resumed.at(-1);
    };
    expect(await isResumed({})).toBe(false);
    expect(await isResumed({})).toBe(true);
    expect(await isResumed({ tls: 'client-certificate' })).toBe(false);
    expect(await isResumed({})).toBe(true);
  });
});
