import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ListenAddress } from '../../src/metrics/listen-address.js';
import { type Pages, serveMetrics } from '../../src/metrics/metrics-server.js';
import { tempDir } from '../support/temp.js';

const local = { host: '127.0.0.1', port: 0 };
const pages: Pages = {
  '/metrics': () => ({ status: 200, body: 'x 1\n' }),
  '/broken': () => Promise.reject(new Error('no spool')),
};

async function served(address: ListenAddress = local) {
  const server = await serveMetrics(address, pages);
  onTestFinished(() => server.close());
  return server;
}

/** Asks, and resolves to the status and the body. */
function ask(address: ListenAddress, path: string, method = 'GET'): Promise<[number | undefined, string]> {
  const where = 'path' in address ? { socketPath: address.path } : address;
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, path, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve([response.statusCode, body]));
    });
    asked.on('error', reject).end();
  });
}

describe('serveMetrics()', () => {
  it('serveMetrics() serves its pages, and nothing else', async () => {
    const { address } = await served();
    expect(await ask(address, '/metrics')).toEqual([200, 'x 1\n']);
    expect(await ask(address, '/metrics?debug=1')).toEqual([200, 'x 1\n']);
    expect(await ask(address, '/metrics', 'HEAD')).toEqual([200, '']);
    expect(await ask(address, '/metrics', 'POST')).toEqual([405, 'Only GET and HEAD.\n']);
    expect(await ask(address, '/../etc/passwd')).toMatchObject([404, expect.any(String)]);
    expect(await ask(address, '/toString')).toMatchObject([404, expect.any(String)]);
    expect(await ask(address, '/broken')).toEqual([500, 'no spool\n']);
  });

  it('serveMetrics() serves at a Unix socket, removes it at the end, and takes over one that is left behind', async () => {
    const path = `${tempDir()}/metrics.sock`;
    const first = await serveMetrics({ path }, pages);
    expect(await ask({ path }, '/metrics')).toEqual([200, 'x 1\n']);
    await expect(serveMetrics({ path }, pages)).rejects.toMatchObject({ code: 'TEMPORARY' });
    await first.close();
    expect(existsSync(path)).toBe(false);
    await leaveSocket(path);
    const next = await served({ path });
    expect(await ask(next.address, '/metrics')).toEqual([200, 'x 1\n']);
  });

  it('serveMetrics() touches no file that is not a socket', async () => {
    const path = `${tempDir()}/metrics.sock`;
    writeFileSync(path, 'mine');
    await expect(serveMetrics({ path }, pages)).rejects.toMatchObject({ code: 'TEMPORARY' });
    expect(existsSync(path)).toBe(true);
  });

  it.each<[ListenAddress, string]>([
    [{ host: '192.0.2.1', port: 0 }, 'USAGE'],
    [{ path: '/nonexistent/metrics.sock' }, 'PERMISSION'],
  ])('serveMetrics(%j) says %s', async (address, code) => {
    const error = await serveMetrics(address, pages).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: expect.stringMatching(new RegExp(`${code}|USAGE`)) });
  });

  it('close() ends connections that ask for nothing', async () => {
    const { address, close } = await serveMetrics(local, pages);
    const socket = connect((address as { port: number }).port, '127.0.0.1');
    await once(socket, 'connect');
    const ended = once(socket, 'close');
    await close();
    await ended;
  });
});

/** A socket whose process was killed. */
async function leaveSocket(path: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await once(child, 'close');
  expect(existsSync(path)).toBe(true);
}
