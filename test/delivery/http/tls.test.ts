import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createHttpSender } from '../../../src/delivery/http-sender.js';
import { createSecretReader } from '../../../src/delivery/request/secrets.js';
import { newCertificate } from '../../support/certificate.js';
import { attemptAt, newReceiver, newSender, sendTo } from '../attempts.js';

let directory: string;
let bundle: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'capnhook-sender-'));
  bundle = join(directory, 'http-sender.cjs');
  const entry = fileURLToPath(new URL('../../../src/delivery/http-sender.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile: bundle, bundle: true, platform: 'node', format: 'cjs' });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Sends in a process of its own: what Node trusts is settled when it starts. */
async function sendWithEnv(url: string, env: NodeJS.ProcessEnv): Promise<unknown> {
  const { event, ...attempt } = attemptAt(url);
  const program = `
    const { createHttpSender } = require(${JSON.stringify(bundle)});
    const sender = createHttpSender({ userAgent: 'x', secrets: { read: ({ value }) => ({ ok: true, text: value }) } });
    const attempt = ${JSON.stringify(attempt)};
    attempt.event = { ...${JSON.stringify(event)}, payload: Buffer.from('{}') };
    sender.send(attempt).then((result) => process.stdout.write(JSON.stringify(result)));`;
  const child = spawn(process.execPath, ['--no-warnings', '-e', program], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  await once(child, 'close');
  return JSON.parse(output);
}

describe('createHttpSender().send() over TLS', () => {
  test('send() refuses a self-signed certificate', async () => {
    const receiver = await newReceiver(undefined, { tls: newCertificate() });
    expect(await sendTo(receiver.url)).toEqual({
      kind: 'error',
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      message: expect.stringMatching(/^the TLS certificate is self-signed; .*NODE_EXTRA_CA_CERTS$/),
    });
    expect(receiver.requests).toEqual([]);
  });

  test('send() refuses it although NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    const receiver = await newReceiver(undefined, { tls: newCertificate() });
    const result = await sendWithEnv(receiver.url, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(result).toMatchObject({ kind: 'error', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(receiver.requests).toEqual([]);
  });

  test('send() sends to a certificate that is trusted, and the process ends by itself', async () => {
    const tls = newCertificate();
    const receiver = await newReceiver(undefined, { tls });
    const result = await sendWithEnv(receiver.url, { NODE_EXTRA_CA_CERTS: tls.certFile });
    expect(result).toMatchObject({ kind: 'answer', status: 204 });
    expect(receiver.requests[0]!.body.toString()).toBe('{}');
  });

  test('send() trusts what the system trusts, with a first certificate that Node knows not', async () => {
    const tls = newCertificate();
    const receiver = await newReceiver(undefined, { tls });
    const sender = createHttpSender({
      userAgent: 'x',
      secrets: createSecretReader({ env: {} }),
      env: { SSL_CERT_FILE: tls.certFile },
    });
    onTestFinished(() => sender.close());
    const send = () => sender.send(attemptAt(receiver.url));
    expect(await send()).toMatchObject({ kind: 'answer', status: 204 });
    expect(await send()).toMatchObject({ kind: 'answer', status: 204 });
    expect(receiver.connections()).toBe(2); // Node's own authorities were asked first
  });

  test('send() uses one connection for endpoints of one origin, whatever their header host says', async () => {
    const tls = newCertificate();
    const receiver = await newReceiver(undefined, { tls });
    const sender = newSender({ SSL_CERT_FILE: tls.certFile });
    const named = { headers: { host: { value: 'tenant.example' } } };
    for (let n = 0; n < 3; n += 1) {
      await sender.send(attemptAt(receiver.url));
      await sender.send(attemptAt(receiver.url, { endpoint: named }));
    }
    expect(receiver.requests.map(({ headers }) => headers.host)).toContain('tenant.example');
    expect(receiver.connections()).toBe(2); // Node's own authorities were asked first
  });

  test('send() trusts a certificate that was added to the system while it was running', async () => {
    const [old, tls] = [newCertificate(), newCertificate()];
    const receiver = await newReceiver(undefined, { tls });
    const env = { SSL_CERT_FILE: old.certFile };
    const sender = createHttpSender({ userAgent: 'x', secrets: createSecretReader({ env: {} }), env });
    onTestFinished(() => sender.close());
    const send = () => sender.send(attemptAt(receiver.url));
    expect(await send()).toMatchObject({ kind: 'error', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    writeFileSync(old.certFile, `${old.cert}\n# ours\n${tls.cert}`);
    expect(await send()).toMatchObject({ kind: 'answer', status: 204 });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'send() says that a client certificate is wanted, with %s',
    async (maxVersion) => {
      const tls = newCertificate();
      const options = { ...tls, requestCert: true, rejectUnauthorized: true, ca: tls.cert, maxVersion };
      const server = createServer(options, (_request, response) => void response.end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const sender = createHttpSender({
        userAgent: 'x',
        secrets: createSecretReader({ env: {} }),
        env: { SSL_CERT_FILE: tls.certFile },
      });
      onTestFinished(() => sender.close());
      expect(await sender.send(attemptAt(`https://127.0.0.1:${port}/`))).toMatchObject({
        kind: 'error',
        message: expect.stringContaining('client certificate'),
      });
    },
  );

  test('send() says that https was spoken to a port without TLS, and http to one with it', async () => {
    const plain = await newReceiver();
    const secure = await newReceiver(undefined, { tls: newCertificate() });
    expect(await sendTo(plain.url.replace('http:', 'https:'))).toMatchObject({
      message: expect.stringContaining('begin with http://'),
    });
    expect(await sendTo(secure.url.replace('https:', 'http:'))).toMatchObject({
      message: expect.stringContaining('begin with https://'),
    });
  });

  test('send() refuses a trusted certificate that is for another name', async () => {
    const tls = newCertificate();
    const receiver = await newReceiver(undefined, { tls });
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    const result = await sendWithEnv(url, { NODE_EXTRA_CA_CERTS: tls.certFile });
    expect(result).toMatchObject({ kind: 'error', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(receiver.requests).toEqual([]);
  });
});
