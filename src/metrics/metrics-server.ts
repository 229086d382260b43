/**
 * Serves texts by plain HTTP: `GET` and `HEAD` of the paths that it is given,
 * and nothing else. Nothing of a request but its method and path is used. The
 * number of connections, their time and the size of a request are bounded, and
 * each connection has one request.
 */

import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { CapnhookError, errnoOf, ignoreErrno } from '../shared/errors.js';
import { type ListenAddress, renderAddress } from './listen-address.js';

/** What is served at a path. */
export interface Page {
  status: number;
  body: string;
}

/** Makes what is served at each path. */
export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

export interface MetricsServer {
  /** Where it is served, with the port that was taken if 0 was asked for. */
  readonly address: ListenAddress;
  /** Ends all connections, and removes a Unix socket. */
  close(): Promise<void>;
}

/** Maximum number of connections. */
const maxConnections = 16;

/** Maximum time for a request to come in, and for a connection to do nothing, in ms. */
const requestTimeoutMs = 5_000;

/** Maximum size of a request's head, in bytes. */
const maxHeaderSize = 8_192;

/** What Prometheus reads. */
const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Begins to serve. A Unix socket that a killed process has left is taken over.
 * @throws CapnhookError `TEMPORARY` for an address that is in use; `PERMISSION`; `USAGE` for one that this machine has not
 */
export async function serveMetrics(address: ListenAddress, pages: Pages): Promise<MetricsServer> {
  const server = createServer(
    { maxHeaderSize, requestTimeout: requestTimeoutMs, connectionsCheckingInterval: requestTimeoutMs },
    (request, response) => void answer(request, response, pages),
  );
  server.maxConnections = maxConnections;
  server.timeout = requestTimeoutMs;
  try {
    await listen(server, address);
  } catch (error) {
    if (!(await isLeftBehind(address, error))) throw cannotListen(address, error);
    await listen(server, address).catch((again: unknown) => {
      throw cannotListen(address, again);
    });
  }
  const taken = server.address();
  return {
    address: typeof taken === 'object' && taken !== null ? { ...address, port: taken.port } : address,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      server.on('error', ignoreErrno); // a connection that cannot be accepted now, for want of descriptors
      resolve();
    });
  });
}

async function answer(
  { method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
  pages: Pages,
): Promise<void> {
  const { status, body } = await pageOf(method, url.split('?')[0] ?? '', pages);
  const headers: Record<string, string | number> = {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
  };
  if (status === 405) headers.allow = 'GET, HEAD';
  response.writeHead(status, headers);
  response.end(method === 'HEAD' ? undefined : body);
}

async function pageOf(method: string, path: string, pages: Pages): Promise<Page> {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined)
    return { status: 404, body: `Not found. There is ${Object.keys(pages).join(', ')}.\n` };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'Only GET and HEAD.\n' };
  try {
    return await page();
  } catch (error) {
    return { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

/** Whether nobody listens on the socket any more; it is removed then. */
async function isLeftBehind(address: ListenAddress, error: unknown): Promise<boolean> {
  if (!('path' in address) || errnoOf(error) !== 'EADDRINUSE') return false;
  const { path } = address;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false;
  const answered = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (refused) => resolve(errnoOf(refused) !== 'ECONNREFUSED'));
  });
  if (!answered) unlinkSync(path);
  return !answered;
}

function cannotListen(address: ListenAddress, cause: unknown): unknown {
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  const message = `Cannot serve metrics at ${renderAddress(address)} (${errno})`;
  switch (errno) {
    case 'EADDRINUSE':
      return new CapnhookError('TEMPORARY', `${message}: another program uses this address`, {
        cause,
        hint: 'End that program, or give another address with --metrics.',
      });
    case 'EACCES':
    case 'EPERM':
      return new CapnhookError('PERMISSION', message, {
        cause,
        hint: 'Give a port above 1023, or another path.',
      });
    default:
      return new CapnhookError('USAGE', message, { cause, hint: 'Give an address of this machine.' });
  }
}
