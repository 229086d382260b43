import type { ConnectionKey } from '../connect/destination.js';
import type { Prepared } from '../prepared.js';
import type { AttemptAnswer, AttemptResult } from '../sender.js';

/** A connection to a destination, for one request at a time. It connects with its first request. */
export interface Connection {
  readonly key: ConnectionKey;
  /** Whether the next request would find it connected, and the last one wholly written. */
  isOpen(): boolean;
  /** Whether it has served for long enough: another one takes its place. */
  isOld(): boolean;
  /**
   * Sends the request. The listener hears `ended` or `failed` once, unless the
   * connection was destroyed before.
   */
  post(request: Prepared, listener: AnswerListener): void;
  /**
   * What has been received of an answer that `answered` did not tell of: it is
   * not whole, or the parser refuses it. Undefined where no status is known.
   */
  soFar(): AttemptResult | undefined;
  /** What came with the end of the head of the last answer, as it was on the wire. */
  restOfHead(): Buffer;
  /** What a request that ran out of time waits for, where that is known: `EAI_AGAIN`, `NAME_SERVICE`, `NO_CONNECTION`. */
  lateCode(): string | undefined;
  /** Whether a request waits for it to be connected. */
  isConnecting(): boolean;
  /** Tells the listener of the request under way that it is cut off; does nothing without one. */
  cutOff(): void;
  /** Closes it immediately, also while it connects or is in use; what was not written yet never will be. */
  destroy(): Promise<void>;
}

/** Hears how a request goes: `cutOff` at any time, the others in this order. */
export interface AnswerListener {
  /** The request is cut off: it is to end immediately. */
  cutOff(): void;
  /** The request is about to be written, to a connection that served others before (`reused`) or to a new one. */
  started(reused: boolean): void;
  /** Bytes of an answer have come. */
  heard(): void;
  /** The final status is known; the headers may still be on their way. */
  statusKnown(): void;
  /** The final status is here, with the headers that matter. */
  answered(answer: AttemptAnswer): void;
  /** Bytes of the answer's body have come. */
  received(bytes: Buffer): void;
  /** The answer is complete. The connection may be used again. */
  ended(): void;
  failed(error: Error): void;
}

/** Connections that wait for another request. */
export interface IdleConnections {
  /** The one with this key that was used last, and is open. */
  take(key: ConnectionKey): Connection | undefined;
  /** Keeps a connection. */
  keep(connection: Connection): void;
  /** Destroys the one that has been idle for longest, if there is one. */
  dropOldest(): void;
}

/**
 * Number of idle connections above which `keep` looks for one that the other side has closed: nothing else removes
 * those whose destination gets no more requests.
 */
const MANY = 256;

/** Makes a store of open connections for later requests. */
export function createIdleConnections(): IdleConnections {
  /** The oldest first, over all keys. */
  const idle = new Set<Connection>();
  /** The one used last comes last: it is the one least likely to be closed by the other side. */
  const byKey = new Map<ConnectionKey, Connection[]>();

  function drop(connection: Connection): void {
    idle.delete(connection);
    const here = byKey.get(connection.key);
    here?.splice(here.indexOf(connection), 1);
    if (here?.length === 0) byKey.delete(connection.key);
    void connection.destroy();
  }

  /** Destroys one that is closed: those that have been idle for longest are closed first. */
  function dropClosed(): void {
    for (const oldest of idle) {
      if (!oldest.isOpen()) drop(oldest);
      return;
    }
  }

  return {
    take(key) {
      const here = byKey.get(key);
      for (;;) {
        const connection = here?.pop();
        if (here?.length === 0) byKey.delete(key);
        if (connection === undefined) return undefined;
        idle.delete(connection);
        if (connection.isOpen() && !connection.isOld()) return connection;
        void connection.destroy();
      }
    },
    keep(connection) {
      idle.add(connection);
      const here = byKey.get(connection.key);
      if (here === undefined) byKey.set(connection.key, [connection]);
      else here.push(connection);
      if (idle.size > MANY) dropClosed();
    },
    dropOldest() {
      for (const oldest of idle) {
        drop(oldest);
        return;
      }
    },
  };
}
