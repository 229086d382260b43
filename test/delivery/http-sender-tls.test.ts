import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newCertificate } from '../support/certificate.js';
import { attemptAt, newReceiver, sendTo } from './attempts.js';

let directory: string;
let bundle: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'capnhook-sender-'));
  bundle = join(directory, 'http-sender.cjs');
  const entry = fileURLToPath(new URL('../../src/delivery/http-sender.ts', import.meta.url));
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
      message: 'the TLS certificate is self-signed',
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

  test('send() refuses a trusted certificate that is for another name', async () => {
    const tls = newCertificate();
    const receiver = await newReceiver(undefined, { tls });
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    const result = await sendWithEnv(url, { NODE_EXTRA_CA_CERTS: tls.certFile });
    expect(result).toMatchObject({ kind: 'error', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(receiver.requests).toEqual([]);
  });
});
