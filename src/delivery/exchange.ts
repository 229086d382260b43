/**
 * One request and its answer, within one deadline. The promise settles exactly
 * once, always in time, and never rejects. When it has settled nothing of the
 * request is sent any more, and no connection is in doubt: it was either read
 * to the end of its answer and kept, or destroyed.
 */
import { formatDuration } from '../shared/duration.js';
import type { AnswerListener, Connection } from './connection.js';
import type { CutOffs } from './cut-offs.js';
import type { Deadlines } from './deadlines.js';
import { describeError } from './error-words.js';
import type { HttpRequest } from './http-request.js';
import type { AttemptResult } from './sender.js';

/** So much of an answer's body is read, in bytes; the connection is dropped with the rest. */
const MAX_BODY_BYTES = 8192;

/** How a connection ends that was closed by the other side, as it may do when nothing is under way. */
const CLOSED_MEANWHILE: ReadonlySet<string> = new Set(['SOCKET_CLOSED', 'ECONNRESET', 'EPIPE']);

export interface ExchangeOptions {
  /** For everything: looking up the host, connecting, TLS, sending, and the whole answer. */
  timeoutMs: number;
  /** Each of them cuts the exchange off. */
  signals: readonly AbortSignal[];
  deadlines: Deadlines;
  cutOffs: CutOffs;
  /** Gives a connection to the request's origin; with `fresh` a new one. */
  connect(origin: string, options: { fresh: boolean }): Connection;
  /** Takes back a connection that can be used again. */
  keep(connection: Connection): void;
}

/**
 * Makes a request. As soon as the final status is here it is the result:
 * an error, a hang or too much of the body does not undo it.
 *
 * A request that was written to a reused connection which closed before a byte
 * of the answer came is sent once more on a new connection: servers close idle
 * connections at any time, and this is how that looks (RFC 9112, section
 * 9.3.1). It may be a repeat for the receiver, with the same `webhook-id`.
 */
export function exchange(request: HttpRequest, options: ExchangeOptions): Promise<AttemptResult> {
  const { timeoutMs, signals, deadlines, cutOffs, connect, keep } = options;
  return new Promise((resolve) => {
    let settled = false;
    let answer: AttemptResult | undefined;
    let connection: Connection | undefined;

    // Where something has held up this process for longer than the deadline, timers come before what was received
    // meanwhile: the answers that have come are heard first.
    const onDeadline = () => void setImmediate(setImmediate, () => cutOff(timedOut(timeoutMs)));
    const onAbort = () => cutOff({ kind: 'aborted' });
    const deadline = deadlines.set(timeoutMs, onDeadline);
    for (const signal of signals) cutOffs.add(signal, onAbort);

    function settle(result: AttemptResult): void {
      settled = true;
      deadlines.clear(deadline, onDeadline);
      for (const signal of signals) cutOffs.delete(signal, onAbort);
      resolve(result);
    }

    function cutOff(result: AttemptResult): void {
      if (settled) return;
      settle(answer ?? result);
      void connection?.destroy();
    }

    function begin({ fresh }: { fresh: boolean }): void {
      connection = connect(request.origin, { fresh });
      connection.post(request, listenerFor(connection));
    }

    function listenerFor(mine: Connection): AnswerListener {
      /** It was used before, and nothing of the answer has come: it may have been closed meanwhile. */
      let inDoubt = false;
      let bytes = 0;
      return {
        started: (reused) => {
          inDoubt = reused;
        },
        heard: () => {
          inDoubt = false;
        },
        answered: (given) => {
          answer = { kind: 'answer', ...given };
        },
        received: (length) => {
          bytes += length;
          if (bytes > MAX_BODY_BYTES) cutOff(answer!);
        },
        ended: () => {
          if (settled) return;
          settle(answer!);
          keep(mine);
        },
        failed: (error) => {
          if (settled) return;
          const described = describeError(error);
          void mine.destroy();
          if (inDoubt && CLOSED_MEANWHILE.has(described.code)) begin({ fresh: true });
          else settle(answer ?? described);
        },
      };
    }

    if (signals.some(({ aborted }) => aborted)) onAbort();
    else begin({ fresh: false });
  });
}

function timedOut(timeoutMs: number): AttemptResult {
  return { kind: 'error', code: 'TIMEOUT', message: `no answer within ${formatDuration(timeoutMs)}` };
}
