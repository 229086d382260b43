/**
 * Sends over HTTP/1.1 with undici: the only importer of it, and only at the
 * first attempt, since it takes longer to load than everything else together.
 *
 * A sender never rejects for anything that the network or a receiver does, and
 * an attempt that was given up, for its deadline or its signal, is never
 * written later. Each attempt has a connection for itself, an undici `Client`,
 * and not a place in a `Pool`: destroying it is the one way to withdraw a
 * request that still waits for its connection, and only so is it known whether
 * a connection served others before.
 */
import { createCut } from '../../shared/cut.js';
import { errnoOf } from '../../shared/errors.js';
import { monotonicMs } from '../../shared/monotonic.js';
import { type ConnectingOptions, createConnecting } from '../connect/connecting.js';
import { createConnector } from '../connect/connector.js';
import { createHostsFile } from '../connect/hosts-file.js';
import { createNames, type Names } from '../connect/names.js';
import { createSystemLookup } from '../connect/system-lookup.js';
import { createSystemTrust } from '../connect/system-trust.js';
import { createRequestBuilder, type HttpRequest } from '../request/http-request.js';
import type { SecretReader } from '../request/secrets.js';
import type { Attempt, AttemptResult, Sender } from '../sender.js';
import { openClientConnection } from './client-connection.js';
import { type Connection, createIdleConnections } from './connection.js';
import { createDeadlines } from './deadlines.js';
import { describeError } from './error-words.js';
import { type Connections, exchange } from './exchange.js';
import { hasWebAssembly, openPlainConnection } from './plain-connection.js';

type Undici = typeof import('undici');
type Connect = (origin: string, options: { timeoutMs: number }) => Connection;

export interface HttpSenderOptions {
  userAgent: string;
  secrets: SecretReader;
  maxConnections?: number;
  env?: Readonly<Record<string, string | undefined>>;
  names?: Names;
  now?: () => number;
}

/**
 * Makes a sender.
 *
 * Redirects are not followed, an answer's body is read up to 8 KiB and never
 * decompressed, and certificates are always checked, whatever
 * `NODE_TLS_REJECT_UNAUTHORIZED` says. `close()` cuts off what is in flight;
 * this and every later attempt is `aborted`.
 *
 * @param options.userAgent `capnhook/<version>`; an endpoint's own header goes before it
 * @param options.secrets looks up URLs, header values and signing secrets
 * @param options.maxConnections how many connections there are at most, over all origins, as long as one of them is
 * idle: it makes room for another; default: any number
 * @param options.env tells where the system's certificate authorities are; default `process.env`
 * @param options.names finds addresses; for tests
 * @param options.now monotonic time in ms; for tests
 */
export function createHttpSender({
  userAgent,
  secrets,
  maxConnections = Infinity,
  env = process.env,
  names = createNames({ start: createSystemLookup(), known: createHostsFile().addressesOf }),
  now = monotonicMs,
}: HttpSenderOptions): Sender {
  const buildRequest = createRequestBuilder({ userAgent, secrets });
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
    return (origin, { timeoutMs }) => {
      const onDestroy = (gone: Connection) => open.delete(gone);
      const connection = openConnection(undici, { ...opening, origin, timeoutMs, onDestroy });
      open.add(connection);
      return connection;
    };
  }

  const connections: Connections = {
    open({ origin, timeoutMs, fresh }) {
      const waiting = fresh ? undefined : idle.take(origin);
      if (waiting !== undefined || !mayConnect) return waiting;
      if (open.size >= maxConnections) idle.dropOldest();
      return connect?.(origin, { timeoutMs });
    },
    keep: idle.keep,
  };

  function begin(request: HttpRequest, { endpoint, signal }: Attempt): Promise<AttemptResult> {
    return exchange(request, {
      timeoutMs: endpoint.timeoutMs,
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
    async prepare() {
      try {
        connect ??= await loaded();
      } catch (error) {
        if (errnoOf(error) === undefined) throw error; // it is tried again with the first attempt, which tells of it
      }
    },
    async send(attempt) {
      try {
        const built = buildRequest(attempt);
        if (!built.ok) return built.error;
        connect ??= await loaded();
        return await begin(built.request, attempt);
      } catch (error) {
        return describeError(error); // no parser for want of memory, no thread, or a bug: the event waits
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
  const { origin } = options;
  const connecting = createConnecting(options);
  const given = { origin, connecting, onDestroy };
  return undici === undefined ? openPlainConnection(given) : openClientConnection(undici, { ...given, now });
}
