/**
 * Sends over HTTP/1.1 with undici: the only importer of it, and only at the
 * first request, since it takes longer to load than everything else together.
 *
 * A transport never rejects for anything that the network or a receiver does,
 * and a request that was given up, for its deadline or its signal, is never
 * written later. Each request has a connection for itself, an undici `Client`,
 * and not a place in a `Pool`: destroying it is the one way to withdraw a
 * request that still waits for its connection, and only so is it known whether
 * a connection served others before.
 */
import type { CutSignal } from '../../shared/cut.js';
import { errnoOf } from '../../shared/errors.js';
import { monotonicMs } from '../../shared/monotonic.js';
import { type ConnectingOptions, createConnecting } from '../connect/connecting.js';
import { createConnector } from '../connect/connector.js';
import { createHostsFile } from '../connect/hosts-file.js';
import { createNames, type Names } from '../connect/names.js';
import { createSystemLookup } from '../connect/system-lookup.js';
import { createSystemTrust } from '../connect/system-trust.js';
import type { Prepared } from '../prepared.js';
import type { AttemptResult } from '../sender.js';
import { openClientConnection } from './client-connection.js';
import { type Connection, createIdleConnections } from './connection.js';
import { describeError } from './error-words.js';
import { createExchange } from './exchange.js';
import { hasWebAssembly, openPlainConnection } from './plain-connection.js';

type Undici = typeof import('undici');
type Connect = (request: Prepared) => Connection;

/** Sends requests that are prepared. */
export interface Transport {
  /** Loads what sending needs, so that no request has to; where that fails now, the next request tries it again. */
  load(): Promise<void>;
  /** Sends a request. @param signal cuts it off */
  send(request: Prepared, signal: CutSignal | undefined): Promise<AttemptResult>;
  /** Connects no more. Requests that have no connection yet are aborted, since nothing of them was sent; others go on. */
  stopConnecting(): void;
  /** Cuts off what is in flight, and closes all connections. This and every later request is `aborted`. */
  close(): Promise<void>;
}

export interface HttpTransportOptions {
  maxConnections?: number;
  env?: Readonly<Record<string, string | undefined>>;
  names?: Names;
  now?: () => number;
}

/**
 * Makes a transport.
 *
 * Redirects are not followed, an answer's body is read up to 8 KiB and never
 * decompressed, and certificates are always checked, whatever
 * `NODE_TLS_REJECT_UNAUTHORIZED` says.
 *
 * @param options.maxConnections maximum connections over all origins, as long as one of them is idle: it makes room
 * for another; default: any number
 * @param options.env tells where the system's certificate authorities are; default `process.env`
 * @param options.names finds addresses; for tests
 * @param options.now monotonic time in ms; for tests
 */
export function createHttpTransport({
  maxConnections = Infinity,
  env = process.env,
  names = createNames({ start: createSystemLookup(), known: createHostsFile().addressesOf }),
  now = monotonicMs,
}: HttpTransportOptions = {}): Transport {
  const idle = createIdleConnections();
  const open = new Set<Connection>();
  let mayConnect = true;
  let isClosed = false;
  let connect: Connect | undefined;

  const loaded = createLoader(async (): Promise<Connect> => {
    const undici = hasWebAssembly() ? await import('undici') : undefined;
    const connector = createConnector({ names, trust: createSystemTrust({ env }) });
    const opening = { connector, now, lateName: names.lateCode };
    return ({ destination, timeoutMs }) => {
      const onDestroy = (gone: Connection) => open.delete(gone);
      const connection = openConnection(undici, { ...opening, destination, timeoutMs, onDestroy });
      open.add(connection);
      return connection;
    };
  });

  function openNew(request: Prepared): Connection | undefined {
    if (!mayConnect) return undefined;
    if (open.size >= maxConnections) idle.dropOldest();
    return connect?.(request);
  }

  const exchange = createExchange({
    acquire(request) {
      if (isClosed) return undefined;
      return idle.take(request.destination.key) ?? openNew(request);
    },
    open: openNew,
    keep: idle.keep,
  });

  async function loadAndSend(request: Prepared, signal: CutSignal | undefined): Promise<AttemptResult> {
    try {
      connect ??= await loaded();
    } catch (error) {
      return describeError(error); // no memory, no thread, or a bug: the event waits
    }
    return exchange(request, signal);
  }

  return {
    async load() {
      try {
        connect ??= await loaded();
      } catch (error) {
        if (errnoOf(error) === undefined) throw error; // it is tried again with the first request, which reports it
      }
    },
    send(request, signal) {
      return connect === undefined ? loadAndSend(request, signal) : exchange(request, signal);
    },
    stopConnecting() {
      mayConnect = false;
      for (const connection of open) if (connection.isConnecting()) connection.cutOff();
    },
    async close() {
      mayConnect = false;
      isClosed = true;
      names.close();
      for (const connection of open) connection.cutOff();
      await Promise.all(Array.from(open, (connection) => connection.destroy()));
    },
  };
}

/** Makes a function that loads once; what failed is loaded again with the next call. */
function createLoader<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return async () => {
    loading ??= load();
    try {
      return await loading;
    } catch (error) {
      loading = undefined; // it may pass, where undici is loaded by `require`, as in the bundle
      throw error;
    }
  };
}

interface OpenOptions extends ConnectingOptions {
  now(): number;
  onDestroy(connection: Connection): void;
}

function openConnection(undici: Undici | undefined, { now, onDestroy, ...options }: OpenOptions): Connection {
  const { destination } = options;
  const connecting = createConnecting(options);
  const given = { destination, connecting, onDestroy };
  return undici === undefined ? openPlainConnection(given) : openClientConnection(undici, { ...given, now });
}
