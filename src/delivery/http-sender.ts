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
import type { Socket } from 'node:net';
import type { Client, Dispatcher } from 'undici';
import { errnoOf } from '../shared/errors.js';
import { monotonicMs } from '../shared/monotonic.js';
import { type AnswerFilter, createAnswerFilter } from './answer-filter.js';
import { type Header, readHeaders } from './answer-head.js';
import { type Connector, createConnector, type Target } from './connect/connector.js';
import { createHostsFile } from './connect/hosts-file.js';
import { createNames, type Names } from './connect/names.js';
import { createSystemLookup } from './connect/system-lookup.js';
import { createSystemTrust } from './connect/system-trust.js';
import { type AnswerListener, type Connection, createIdleConnections } from './connection.js';
import { createCutOffs } from './cut-offs.js';
import { createDeadlines } from './deadlines.js';
import { parseDeliveryWish } from './delivery-wish.js';
import { describeAnswer } from './describe-answer.js';
import { describeCode, describeError } from './error-words.js';
import { exchange } from './exchange.js';
import { holdWriteErrors } from './hold-write-errors.js';
import { createRequestBuilder, type HttpRequest } from './http-request.js';
import { hasWebAssembly, openPlainConnection } from './plain-connection.js';
import type { SecretReader } from './secrets.js';
import type { Answer, Attempt, AttemptResult, Sender } from './sender.js';
import { isSuccess } from './verdict.js';

/** Idle connections over all origins, at most, unless there is to be another number of them. */
const MAX_IDLE = 256;

const CLIENT_OPTIONS: Client.Options = {
  allowH2: false,
  // The deadline is the exchange's: undici's timers begin anew with every byte.
  headersTimeout: 0,
  bodyTimeout: 0,
  // An answer with more bytes of headers is a failed attempt.
  maxHeaderSize: 65_536,
  // An idle connection is kept no longer than this, whatever the receiver offers.
  keepAliveMaxTimeout: 30_000,
};

/** A connection is not used again when it is older than this, in ms, so that a name that moved is followed. */
const MAX_AGE_MS = 180_000;

/** Maximum requests of a connection. */
const MAX_REQUESTS = 2_000;

type Undici = typeof import('undici');
type Connect = (origin: string, options: { timeoutMs: number }) => Connection;

export interface HttpSenderOptions {
  userAgent: string;
  secrets: SecretReader;
  maxIdle?: number;
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
 * @param options.maxIdle how many idle connections are kept, over all origins; default 256
 * @param options.env tells where the system's certificate authorities are; default `process.env`
 * @param options.names finds addresses; for tests
 * @param options.now monotonic time in ms; for tests
 */
export function createHttpSender({
  userAgent,
  secrets,
  maxIdle = MAX_IDLE,
  env = process.env,
  names = createNames({ start: createSystemLookup(), known: createHostsFile().addressesOf }),
  now = monotonicMs,
}: HttpSenderOptions): Sender {
  const buildRequest = createRequestBuilder({ userAgent, secrets });
  const idle = createIdleConnections({ max: maxIdle });
  const open = new Set<Connection>();
  const deadlines = createDeadlines();
  const cutOffs = createCutOffs();
  const closing = new AbortController();
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

  function begin(request: HttpRequest, { endpoint, signal }: Attempt, open: Connect): Promise<AttemptResult> {
    const { timeoutMs } = endpoint;
    return exchange(request, {
      timeoutMs,
      signals: signal === undefined ? [closing.signal] : [closing.signal, signal],
      deadlines,
      cutOffs,
      connect: (origin, { fresh }) => (fresh ? undefined : idle.take(origin)) ?? open(origin, { timeoutMs }),
      keep: idle.keep,
      withBody: (answer, body) => describeAnswer(answer, { ...body, mask: request.mask }),
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
        return await begin(built.request, attempt, connect);
      } catch (error) {
        return describeError(error); // no parser for want of memory, no thread, or a bug: the event waits
      }
    },
    async close() {
      closing.abort();
      names.close();
      await Promise.all(Array.from(open, (connection) => connection.destroy()));
    },
  };
}

interface OpenOptions {
  origin: string;
  connector: Connector;
  /** The time of the attempt that it is opened for. */
  timeoutMs: number;
  now(): number;
  /** The code of an attempt that waits for a name too long. */
  lateName(host: string): string;
  onDestroy(connection: Connection): void;
}

/** Connecting to an origin, as often as it has to be, until it is cut off. */
interface Connecting {
  connect(): Promise<Socket>;
  lateCode(): string | undefined;
  cutOff(): void;
}

function createConnecting({ origin, connector, timeoutMs, lateName }: OpenOptions): Connecting {
  const { protocol, hostname: host, port } = new URL(origin);
  const hostname = host.replace(/^\[|\]$/g, '');
  const cut = new AbortController();
  let stage: 'idle' | 'naming' | 'connecting' | 'connected' = 'idle';
  const target: Target = {
    protocol,
    hostname,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    timeoutMs,
    onAddresses() {
      stage = 'connecting';
    },
  };
  return {
    async connect() {
      stage = 'naming';
      const socket = await connector(target, cut.signal);
      stage = 'connected';
      return socket;
    },
    lateCode() {
      if (stage === 'naming') return lateName(hostname);
      return stage === 'connecting' ? 'NO_CONNECTION' : undefined;
    },
    cutOff: () => cut.abort(destroyed),
  };
}

function openConnection(undici: Undici | undefined, options: OpenOptions): Connection {
  const { origin, onDestroy } = options;
  const connecting = createConnecting(options);
  const { connect, lateCode } = connecting;
  if (undici !== undefined) return openClient(undici, { ...options, connecting });
  const maxHeaderBytes = CLIENT_OPTIONS.maxHeaderSize!;
  const gone = (connection: Connection) => {
    connecting.cutOff();
    onDestroy(connection);
  };
  return openPlainConnection({ origin, maxHeaderBytes, connect, lateCode, answerOf, onDestroy: gone });
}

function openClient(undici: Undici, options: OpenOptions & { connecting: Connecting }): Connection {
  const { origin, connecting, now, onDestroy } = options;
  const openedAt = now();
  let requests = 0;
  let reused = false;
  let socket: Socket | undefined;
  /** Why the other side has ended TLS; undici tells only that the connection was closed. */
  let tlsAlert: Error | undefined;
  const filter = createAnswerFilter({
    onHeard: () => listener.heard(),
    onStatus: () => listener.statusKnown(),
  });

  const client = new undici.Client(origin, {
    ...CLIENT_OPTIONS,
    connect(_options, callback) {
      void connecting.connect().then(
        (connected) => {
          socket = connected;
          tlsAlert = undefined;
          socket.on('error', (error) => {
            if (errnoOf(error)?.startsWith('ERR_SSL_')) tlsAlert ??= error;
          });
          readThrough(socket, filter);
          holdWriteErrors(socket);
          callback(null, socket);
        },
        (error: Error) => callback(error, null),
      );
    },
  });

  const isYoung = () => requests < MAX_REQUESTS && now() - openedAt < MAX_AGE_MS;

  let listener: AnswerListener;
  /** The interface of undici that its type calls deprecated costs less: the other one makes an object of all headers. */
  const handler: Dispatcher.DispatchHandler = {
    onConnect() {
      listener.started(reused);
      reused = true;
    },
    onHeaders(status, headers) {
      if (status >= 200) listener.answered(answerOf(status, textsOf(headers, status)));
      return true;
    },
    onData(chunk) {
      listener.received(chunk);
      return true;
    },
    onComplete: () => listener.ended(),
    onError: (error) => listener.failed(tlsAlert ?? error),
  };

  const connection: Connection = {
    origin,
    isOpen: () => client.stats.connected && socket?.writableLength === 0 && isYoung(),
    lateCode: connecting.lateCode,
    post({ path, headers, body, servername }, given) {
      listener = given;
      requests += 1;
      filter.begin();
      const options: Dispatcher.DispatchOptions = { method: 'POST', path, headers, body };
      // Undici would take the header `host` for the name of the other side.
      if (servername !== undefined) Object.assign(options, { servername });
      client.dispatch(options, handler);
    },
    soFar() {
      const received = filter.received();
      if (received !== undefined && received.status >= 200)
        return { kind: 'answer', ...answerOf(received.status, readHeaders(received.head)) };
      return filter.isHttp2() ? describeCode('HTTP2_ONLY') : undefined;
    },
    restOfHead: () => filter.received()?.rest ?? Buffer.alloc(0),
    async destroy() {
      onDestroy(connection);
      connecting.cutOff();
      await client.destroy();
    },
  };

  // A client connects anew by itself where its connection was closed just before a request.
  client.on('connect', () => {
    reused = false;
  });
  return connection;
}

/** Why connecting ended that was cut off; nobody is told of it. */
const destroyed = new Error('the connection was destroyed');

/** undici takes what has come with `read`. */
function readThrough(socket: Socket, filter: AnswerFilter): void {
  const read = socket.read.bind(socket);
  // Node itself calls it with 0, which only makes it look for more.
  socket.read = (size) => (size === 0 ? read(0) : filter.pass(read(size) as Buffer | null));
}

function answerOf(status: number, headers: readonly Header[]): Answer {
  const answer: Answer = { status };
  let wishes = '';
  for (const [name, value] of headers) {
    if (name === 'retry-after') answer.retryAfter ??= value;
    else if (name === 'webhook-delivery') wishes += `${value},`;
    else if (name === 'content-type' && !isSuccess(status)) answer.contentType ??= value;
  }
  const delivery = wishes === '' ? undefined : parseDeliveryWish(wishes);
  if (delivery !== undefined) answer.delivery = delivery;
  return answer;
}

/** `retry-after` and `webhook-delivery`; nearly every other name differs in its length already. */
const [RETRY_AFTER_LENGTH, DELIVERY_LENGTH] = [11, 16];

/** `content-type`, which nearly every answer has, and which matters where it failed. */
const TYPE_LENGTH = 12;

/** The headers that may matter. @param headers names and values by turns, as they came */
function textsOf(headers: readonly Buffer[], status: number): Header[] {
  const typeLength = isSuccess(status) ? 0 : TYPE_LENGTH;
  const texts: Header[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!];
    const { length } = name;
    if (length === RETRY_AFTER_LENGTH || length === DELIVERY_LENGTH || length === typeLength)
      texts.push([name.toString('latin1').toLowerCase(), value.toString('latin1')]);
  }
  return texts;
}
