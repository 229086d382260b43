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
import { type CutSignal, createCut } from '../../shared/cut.js';
import { errnoOf } from '../../shared/errors.js';
import { monotonicMs } from '../../shared/monotonic.js';
import { type ConnectingOptions, createConnecting } from '../connect/connecting.js';
import { createConnector } from '../connect/connector.js';
import type { Destination } from '../connect/destination.js';
import { createHostsFile } from '../connect/hosts-file.js';
import { createNames, type Names } from '../connect/names.js';
import { createSystemLookup } from '../connect/system-lookup.js';
import { createSystemTrust } from '../connect/system-trust.js';
import type { Prepared } from '../prepared.js';
import type { AttemptResult } from '../sender.js';
import { openClientConnection } from './client-connection.js';
import { type Connection, createIdleConnections } from './connection.js';
import { createDeadlines } from './deadlines.js';
import { describeError } from './error-words.js';
import { type Connections, exchange } from './exchange.js';
import { hasWebAssembly, openPlainConnection } from './plain-connection.js';

type Undici = typeof import('undici');
type Connect = (destination: Destination, options: { timeoutMs: number }) => Connection;

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
  const deadlines = createDeadlines();
  const closing = createCut();
  let mayConnect = true;
  let loading: Promise<Connect> | undefined;
  let connect: Connect | undefined;

  async function load(): Promise<Connect> {
    const undici = hasWebAssembly() ? await import('undici') : undefined;
    const connector = createConnector({ names, trust: createSystemTrust({ env }) });
    const opening = { connector, now, lateName: names.lateCode };
    return (destination, { timeoutMs }) => {
      const onDestroy = (gone: Connection) => open.delete(gone);
      const connection = openConnection(undici, { ...opening, destination, timeoutMs, onDestroy });
      open.add(connection);
      return connection;
    };
  }

  const connections: Connections = {
    open({ destination, timeoutMs, fresh }) {
      const waiting = fresh ? undefined : idle.take(destination.key);
      if (waiting !== undefined || !mayConnect) return waiting;
      if (open.size >= maxConnections) idle.dropOldest();
      return connect?.(destination, { timeoutMs });
    },
    keep: idle.keep,
  };

  function begin(request: Prepared, signal: CutSignal | undefined): Promise<AttemptResult> {
    return exchange(request, {
      signals: signal === undefined ? [closing.signal] : [closing.signal, signal],
      deadlines,
      connections,
    });
  }

  async function loaded(): Promise<Connect> {
    loading ??= load();
    try {
      return await loading;
    } catch (error) {
      loading = undefined; // it may pass, where undici is loaded by `require`, as in the bundle
      throw error;
    }
  }

  return {
    async load() {
      try {
        connect ??= await loaded();
      } catch (error) {
        if (errnoOf(error) === undefined) throw error; // it is tried again with the first request, which reports it
      }
    },
    async send(request, signal) {
      try {
        connect ??= await loaded();
        return await begin(request, signal);
      } catch (error) {
        return describeError(error); // no memory for the parser, no thread, or a bug: the event waits
      }
    },
    stopConnecting() {
      mayConnect = false;
      for (const connection of open) connection.stopConnecting();
    },
    async close() {
      closing.cutOff();
      names.close();
      await Promise.all(Array.from(open, (connection) => connection.destroy()));
    },
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
