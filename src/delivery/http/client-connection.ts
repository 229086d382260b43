/** A connection that undici's `Client` serves. It is not used again when it is old. */
import type { Socket } from 'node:net';
import type { Client, Dispatcher } from 'undici';
import { errnoOf } from '../../shared/errors.js';
import type { Connecting } from '../connect/connecting.js';
import type { Destination } from '../connect/destination.js';
import { type AnswerFilter, createAnswerFilter } from './answer-filter.js';
import type { AnswerListener, Connection } from './connection.js';
import { holdWriteErrors } from './hold-write-errors.js';
import { answerOf, MAX_HEADER_BYTES, receivedSoFar, textsOf } from './read-answer.js';

const CLIENT_OPTIONS: Client.Options = {
  allowH2: false,
  // The deadline is the exchange's: undici's timers start again with every byte.
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: MAX_HEADER_BYTES,
  // An idle connection is kept no longer than this, whatever the receiver offers.
  keepAliveMaxTimeout: 30_000,
};

/** A connection is not used again when it is older than this, in ms, so that a name that moved is followed. */
const MAX_AGE_MS = 180_000;

/** Maximum requests of a connection. */
const MAX_REQUESTS = 2_000;

/** The listener while no request is under way. */
const noListener: AnswerListener = {
  cutOff() {},
  started() {},
  heard() {},
  statusKnown() {},
  answered() {},
  received() {},
  ended() {},
  failed() {},
};

export interface ClientConnectionOptions {
  destination: Destination;
  connecting: Connecting;
  /** Monotonic time in ms. */
  now(): number;
  onDestroy(connection: Connection): void;
}

/** What changes about a connection. */
interface State {
  /** Of the request under way. */
  listener: AnswerListener;
  requests: number;
  socket: Socket | undefined;
  /** Whether the socket has served another request. */
  isReused: boolean;
  /** Why the other side has ended TLS; undici tells only that the connection was closed. */
  tlsAlert: Error | undefined;
}

/** Makes a connection; it connects with its first request. @param undici the library, which its one importer has loaded */
export function openClientConnection(
  undici: { Client: typeof Client },
  options: ClientConnectionOptions,
): Connection {
  const { destination, connecting, now, onDestroy } = options;
  const openedAt = now();
  /** Undici would take it from the header `host`, and connect again whenever that differs. */
  const servername = destination.hostname;
  const state: State = {
    listener: noListener,
    requests: 0,
    socket: undefined,
    isReused: false,
    tlsAlert: undefined,
  };
  const filter = createAnswerFilter({
    onHeard: () => state.listener.heard(),
    onStatus: () => state.listener.statusKnown(),
  });
  const handler = createHandler(state);
  const client = new undici.Client(destination.origin, {
    ...CLIENT_OPTIONS,
    connect(_options, callback) {
      void connecting.connect().then(
        (socket) => {
          useSocket(state, socket, filter);
          callback(null, socket);
        },
        (error: Error) => callback(error, null),
      );
    },
  });
  // A client connects again by itself where its connection was closed just before a request.
  client.on('connect', () => {
    state.isReused = false;
  });

  const connection: Connection = {
    key: destination.key,
    isOpen: () => state.socket !== undefined && !state.socket.destroyed && state.socket.writableLength === 0,
    isOld: () => state.requests >= MAX_REQUESTS || now() - openedAt >= MAX_AGE_MS,
    lateCode: connecting.lateCode,
    post({ path, headers, body }, listener) {
      state.listener = listener;
      state.requests += 1;
      filter.begin();
      const options = { method: 'POST' as const, path, headers, body, servername };
      client.dispatch(options, handler);
    },
    soFar: () => receivedSoFar(filter),
    restOfHead: () => filter.received()?.rest ?? Buffer.alloc(0),
    isConnecting: connecting.isUnderWay,
    cutOff: () => state.listener.cutOff(),
    async destroy() {
      onDestroy(connection);
      connecting.cutOff();
      await client.destroy();
    },
  };
  return connection;
}

/**
 * Makes what hears of undici how the requests of a connection go. The interface of undici that its type calls
 * deprecated costs less: the other one makes an object of all headers.
 */
function createHandler(state: State): Dispatcher.DispatchHandler {
  return {
    onConnect() {
      state.listener.started(state.isReused);
      state.isReused = true;
    },
    onHeaders(status, headers) {
      if (status >= 200) state.listener.answered(answerOf(status, textsOf(headers, status)));
      return true;
    },
    onData(chunk) {
      state.listener.received(chunk);
      return true;
    },
    onComplete: () => release(state).ended(),
    onError: (error) => release(state).failed(state.tlsAlert ?? error),
  };
}

/** The request is over: an idle connection that held on to it would keep all that belongs to it in memory. */
function release(state: State): AnswerListener {
  const { listener } = state;
  state.listener = noListener;
  return listener;
}

function useSocket(state: State, socket: Socket, filter: AnswerFilter): void {
  state.socket = socket;
  state.tlsAlert = undefined;
  socket.on('error', (error) => {
    if (errnoOf(error)?.startsWith('ERR_SSL_')) state.tlsAlert ??= error;
  });
  readThrough(socket, filter);
  holdWriteErrors(socket);
}

/** undici takes what has come with `read`. */
function readThrough(socket: Socket, filter: AnswerFilter): void {
  const read = socket.read.bind(socket);
  // Node itself calls it with 0, which only makes it look for more.
  socket.read = (size) => (size === 0 ? read(0) : filter.pass(read(size) as Buffer | null));
}
