/** The page's server: Node's, on the address that was asked for. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { CapnhookError, errnoOf } from '../shared/errors.js';
import { createApp } from './app.js';
import type { PageOptions } from './routes/context.js';
import { createAssets } from './server/assets.js';
import { hostAndPort, isLoopback, type ListenAddress, parseListenAddress } from './server/listen-address.js';
import { type OpeningFile, writeOpeningFile } from './server/opening-file.js';
import { createSessions } from './server/session.js';

/** Maximum number of connections. */
const maxConnections = 256;

export interface StartOptions extends Omit<PageOptions, 'sessions' | 'assets' | 'listenHost'> {
  /** The directory with the files for the browser. */
  assetsPath: string;
  /** Returns `count` random bytes. */
  random(count: number): Uint8Array;
}

/** A page that is served. */
export interface Page {
  /** `http://127.0.0.1:8710`. */
  origin: string;
  /** With the token, which lets a browser in. */
  url: string;
  /** Whether other machines can reach it. */
  isPublic: boolean;
  /** Writes a file that lets one browser in, once. */
  writeOpeningFile(): OpeningFile;
  /** Ends it and all its connections. */
  close(): Promise<void>;
}

/**
 * Serves the page.
 * @param address `host:port`
 * @throws CapnhookError `TEMPORARY`, `PERMISSION`, `USAGE` where it cannot listen there
 */
export async function startPage(
  address: string,
  { assetsPath, random, ...options }: StartOptions,
): Promise<Page> {
  const listen = parseListenAddress(address);
  const sessions = createSessions({ random, monotonic: options.monotonic });
  const assets = createAssets(assetsPath);
  const app = createApp({ ...options, sessions, assets, listenHost: listen.host });
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  await startListening(server, listen);
  const { port } = server.address() as AddressInfo;
  const origin = `http://${hostAndPort({ host: listen.host, port })}`;
  return {
    origin,
    url: `${origin}/#token=${sessions.token}`,
    isPublic: !isLoopback(listen.host),
    writeOpeningFile: () => writeOpeningFile(origin, sessions.issueCode()),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function startListening(server: Server, listen: ListenAddress): Promise<void> {
  server.maxConnections = maxConnections;
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  server.listen(listen.port, listen.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(error, listen);
  }
}

function cannotListen(error: unknown, listen: ListenAddress): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const what = `Cannot show the dashboard at ${hostAndPort(listen)}`;
  if (errno === 'EADDRINUSE')
    return new CapnhookError('TEMPORARY', `${what}: another program listens there`, {
      hint: 'Perhaps another dashboard. --listen 127.0.0.1:0 takes a port that is free.',
    });
  if (errno === 'EACCES')
    return new CapnhookError('PERMISSION', `${what}: this port is for root`, {
      hint: 'Take one above 1023.',
    });
  return new CapnhookError('USAGE', `${what}: ${errno}`, {
    hint: '--listen needs an address of this machine.',
  });
}
