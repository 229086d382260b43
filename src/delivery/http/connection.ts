import type { HttpRequest } from '../request/http-request.js';
import type { Answer, AttemptResult } from '../sender.js';

/** A connection to an origin, for one request at a time. It connects with its first request. */
export interface Connection {
  readonly origin: string;
  /** Whether the next request would find it connected, and the last one wholly written. */
  isOpen(): boolean;
  /**
   * Sends the request. The listener hears `ended` or `failed` once, unless the
   * connection was destroyed before.
   */
  post(request: HttpRequest, listener: AnswerListener): void;
  /**
   * What has been received of an answer that `answered` did not tell of: it is
   * not whole, or the parser refuses it. Undefined where no status is known.
   */
  soFar(): AttemptResult | undefined;
  /** What came with the end of the head of the last answer, as it was on the wire. */
  restOfHead(): Buffer;
  /** What a request that ran out of time waits for, where that is known: `EAI_AGAIN`, `NAME_SERVICE`, `NO_CONNECTION`. */
  lateCode(): string | undefined;
  /** Gives up connecting, and tells the listener so; a connection that is there goes on. */
  stopConnecting(): void;
  /** Drops it at once, connecting or in use; what was not written yet never will be. */
  destroy(): Promise<void>;
}

/** Hears how a request goes, in this order. */
export interface AnswerListener {
  /** There was no connection yet, and there will be none: nothing was written, and nothing else will be heard. */
  withdrawn(): void;
  /** The request is about to be written, to a connection that served others before (`reused`) or to a new one. */
  started(reused: boolean): void;
  /** Bytes of an answer have come. */
  heard(): void;
  /** The final status is known; the headers may still be on their way. */
  statusKnown(): void;
  /** The final status is here, with the headers that matter. */
  answered(answer: Answer): void;
  /** Bytes of the answer's body have come. */
  received(bytes: Buffer): void;
  /** The answer is complete. The connection may be used again. */
  ended(): void;
  failed(error: Error): void;
}

/** Connections that wait for another request. */
export interface IdleConnections {
  /** The one to this origin that was used last, and is open. */
  take(origin: string): Connection | undefined;
  /** Keeps a connection; the oldest one goes when there are too many. */
  keep(connection: Connection): void;
}

/**
 * Keeps open connections for later requests.
 *
 * @param options.max how many at most, over all origins
 */
export function createIdleConnections({ max }: { max: number }): IdleConnections {
  /** The oldest first, over all origins. */
  const idle = new Set<Connection>();
  /** The one used last comes last: it is the one least likely to be closed by the other side. */
  const byOrigin = new Map<string, Connection[]>();

  function drop(connection: Connection): void {
    idle.delete(connection);
    const others = byOrigin.get(connection.origin)?.filter((each) => each !== connection) ?? [];
    if (others.length > 0) byOrigin.set(connection.origin, others);
    else byOrigin.delete(connection.origin);
    void connection.destroy();
  }

  return {
    take(origin) {
      const here = byOrigin.get(origin);
      for (;;) {
        const connection = here?.pop();
        if (here?.length === 0) byOrigin.delete(origin);
        if (connection === undefined) return undefined;
        idle.delete(connection);
        if (connection.isOpen()) return connection;
        void connection.destroy();
      }
    },
    keep(connection) {
      idle.add(connection);
      const here = byOrigin.get(connection.origin);
      if (here === undefined) byOrigin.set(connection.origin, [connection]);
      else here.push(connection);
      const [oldest] = idle.size > max ? idle : [];
      if (oldest !== undefined) drop(oldest);
    },
  };
}
