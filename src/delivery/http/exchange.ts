/**
 * One request and its answer, within one deadline. The promise settles exactly
 * once, always in time, and never rejects. When it has settled nothing of the
 * request is sent any more, and no connection is in doubt: it was either read
 * to the end of its answer and kept, or destroyed. The one exception is an
 * answer of success whose body is still coming: its `rest` says when.
 */
import type { CutSignal } from '../../shared/cut.js';
import { formatDuration } from '../../shared/duration.js';
import { describeAnswer } from '../answer/describe-answer.js';
import { isSuccess } from '../answer/verdict.js';
import type { Destination } from '../connect/destination.js';
import type { Prepared } from '../prepared.js';
import type { Answer, AttemptAnswer, AttemptResult } from '../sender.js';
import type { AnswerListener, Connection } from './connection.js';
import type { Deadlines } from './deadlines.js';
import { describeCode, describeError } from './error-words.js';

/** Maximum bytes of an answer's body that are read; the connection is dropped with the rest. */
const MAX_BODY_BYTES = 8192;

/** How long the rest of an answer may take once its status is known, in ms. */
const REST_MS = 1_000;

/** How a connection ends that was closed by the other side, as it may do when nothing is under way. */
const CLOSED_MEANWHILE: ReadonlySet<string> = new Set(['SOCKET_CLOSED', 'ECONNRESET', 'EPIPE']);

/** Its callbacks are microtasks, and cost less than `queueMicrotask`, which makes an object of its own for each. */
const soon = Promise.resolve();

export interface ExchangeOptions {
  /** Each of them cuts the exchange off. */
  signals: readonly CutSignal[];
  deadlines: Deadlines;
  connections: Connections;
}

/** Where an exchange has its connection from. */
export interface Connections {
  /** Gives a connection to a destination, with `fresh` a new one; undefined where none is made any more. */
  open(options: { destination: Destination; timeoutMs: number; fresh: boolean }): Connection | undefined;
  /** Takes back a connection that can be used again. */
  keep(connection: Connection): void;
}

/**
 * Makes a request. As soon as the final status is known it is the result: an
 * error, a hang, too much of the body or headers that nobody understands do not
 * undo it. What the answer says beyond its status gets a second.
 *
 * A request that was written to a reused connection which closed before a byte
 * of the answer came is sent once more on a new connection: servers close idle
 * connections at any time, and this is how that looks (RFC 9112, section
 * 9.3.1). It may be a repeat for the receiver, with the same `webhook-id`.
 */
export function exchange(request: Prepared, options: ExchangeOptions): Promise<AttemptResult> {
  const { signals, deadlines, connections } = options;
  const { timeoutMs } = request;
  return new Promise((resolve) => {
    /** Whether the result was given. */
    let settled = false;
    /** Whether the connection was given back or destroyed. */
    let over = false;
    let answer: Answer | undefined;
    let connection: Connection | undefined;
    let body: Buffer[] = [];
    let restDeadline: number | undefined;
    let onRestOver: (() => void) | undefined;

    // Where something has held up this process for longer than the deadline, timers come before what was received
    // meanwhile: the answers that have come are heard first.
    const onTimeout = () => drop(timedOut(timeoutMs, connection?.lateCode()));
    const onDeadline = () => void setImmediate(setImmediate, onTimeout);
    const onRestDeadline = () => void setImmediate(setImmediate, onTimeout);
    const onAbort = () => drop(cutOffAt(connection?.lateCode()));
    const deadline = deadlines.set(timeoutMs, onDeadline);
    for (const signal of signals) signal.addEventListener('abort', onAbort);

    function settle(result: AttemptResult): void {
      settled = true;
      resolve(result);
    }

    /** Nothing more is expected of the connection. */
    function finish(): void {
      over = true;
      deadlines.clear(deadline, onDeadline);
      if (restDeadline !== undefined) deadlines.clear(restDeadline, onRestDeadline);
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
      onRestOver?.();
    }

    /** Gives up what is still to come. */
    function drop(otherwise: AttemptResult): void {
      if (over) return;
      finish();
      if (!settled) settle(resultOr(otherwise, { isCut: true }));
      void connection?.destroy();
    }

    /** What was heard, or else something else. */
    function resultOr(otherwise: AttemptResult, { isCut }: { isCut: boolean }): AttemptResult {
      if (answer === undefined) {
        const soFar = connection?.soFar();
        if (soFar?.kind !== 'answer') return soFar ?? otherwise;
        answer = soFar;
        body = [connection!.restOfHead()];
      }
      const result: AttemptAnswer = { kind: 'answer', ...answer };
      if (isSuccess(answer.status)) return result;
      return describeAnswer(result, { bytes: Buffer.concat(body), isCut, mask: request.mask });
    }

    /** The rest of the answer has mostly come in the same piece, and then this has nothing to do. */
    function awaitRest(): void {
      if (over) return;
      restDeadline ??= deadlines.set(REST_MS, onRestDeadline);
      if (settled || answer === undefined || !isSuccess(answer.status)) return;
      const rest = new Promise<void>((done) => {
        onRestOver = done;
      });
      settle({ kind: 'answer', ...answer, rest });
    }

    function begin({ fresh }: { fresh: boolean }): void {
      try {
        connection = connections.open({ destination: request.destination, timeoutMs, fresh });
        if (connection === undefined) onAbort();
        else connection.post(request, listenerFor(connection));
      } catch (error) {
        drop(describeError(error)); // there is no memory for the parser, or a header is none
      }
    }

    function listenerFor(mine: Connection): AnswerListener {
      /** It was used before, and nothing of the answer has come: it may have been closed meanwhile. */
      let inDoubt = false;
      let wasHeard = false;
      let bytes = 0;
      return {
        withdrawn: onAbort,
        started: (reused) => {
          inDoubt = reused;
        },
        heard: () => {
          wasHeard = true;
          inDoubt = false;
        },
        statusKnown: () => void soon.then(awaitRest),
        answered: (given) => {
          answer = given;
          if (restDeadline !== undefined) void soon.then(awaitRest);
        },
        received: (chunk) => {
          bytes += chunk.length;
          if (!settled && !isSuccess(answer!.status)) body.push(chunk);
          if (bytes > MAX_BODY_BYTES) drop({ kind: 'answer', ...answer! });
        },
        ended: () => {
          if (over) return;
          finish();
          if (!settled) settle(resultOr({ kind: 'aborted' }, { isCut: false }));
          if (mine.isOpen()) connections.keep(mine);
          else void mine.destroy();
        },
        failed: (error) => {
          if (over) return;
          const described = describeError(error);
          if (!wasHeard && described.code === 'SOCKET_CLOSED' && request.destination.protocol === 'http:')
            described.message += '; where this port speaks TLS, the URL has to begin with https://';
          if (inDoubt && CLOSED_MEANWHILE.has(described.code)) {
            void mine.destroy();
            begin({ fresh: true });
          } else drop(described);
        },
      };
    }

    if (signals.some(({ aborted }) => aborted)) onAbort();
    else begin({ fresh: false });
  });
}

function cutOffAt(late: string | undefined): AttemptResult {
  if (late === undefined) return { kind: 'aborted' };
  return { kind: 'aborted', waitedFor: late === 'NO_CONNECTION' ? 'connection' : 'name' };
}

function timedOut(timeoutMs: number, late: string | undefined): AttemptResult {
  const span = formatDuration(timeoutMs);
  if (late === undefined) return { kind: 'error', code: 'TIMEOUT', message: `no answer within ${span}` };
  if (late === 'NO_CONNECTION')
    return { kind: 'error', code: 'TIMEOUT', message: `no connection within ${span}` };
  return describeCode(late);
}
