/**
 * One request and its answer, within one deadline. The promise resolves exactly
 * once, always in time, and never rejects. When it has resolved, nothing of the
 * request is sent any more, and its connection was either read to the end of the
 * answer and kept, or destroyed. The one exception is an answer of success whose
 * body is still coming: its `rest` says when.
 *
 * An exchange is a record of its state, on which functions work that all
 * exchanges share: closures for each of them cost a noticeable part of a drain.
 */
import type { CutSignal } from '../../shared/cut.js';
import { formatDuration } from '../../shared/duration.js';
import { isSuccess } from '../answer/verdict.js';
import type { Prepared } from '../prepared.js';
import type { AttemptAnswer, AttemptResult } from '../sender.js';
import { createDeadlines } from './deadlines.js';
import { describeCode, describeError } from './error-words.js';
import { awaitRest, drop, finish, resultOf, settle } from './exchange-end.js';
import type { Connections, Exchange } from './exchange-state.js';

/** Maximum bytes of an answer's body that are read; a connection with more to read is destroyed. */
const MAX_BODY_BYTES = 8192;

/** Codes of a connection that was closed by the other side, as it may be when nothing is under way. */
const CLOSED_MEANWHILE: ReadonlySet<string> = new Set(['SOCKET_CLOSED', 'ECONNRESET', 'EPIPE']);

/** Its callbacks are microtasks, and cost less than `queueMicrotask`, which makes an object of its own for each. */
const soon = Promise.resolve();

/**
 * Makes the function that sends a request. As soon as the final status is known
 * it is the result: an error, a hang, too much of the body, or headers that
 * cannot be parsed do not undo it. What the answer says beyond its status gets a
 * second.
 *
 * A request that was written to a reused connection which closed before a byte
 * of the answer came is sent once more on a new connection: servers close idle
 * connections at any time, and this is how that looks (RFC 9112, section
 * 9.3.1). It may be a repeat for the receiver, with the same `webhook-id`.
 */
export function createExchange(
  connections: Connections,
): (request: Prepared, signal: CutSignal | undefined) => Promise<AttemptResult> {
  const deadlines = createDeadlines(onDeadline);
  return (request, signal) =>
    new Promise((resolve) => {
      const exchange: Exchange = {
        request,
        connections,
        deadlines,
        signal,
        onAbort: () => exchange.cutOff(),
        onStatusRead: () => awaitRest(exchange),
        resolve,
        connection: undefined,
        deadline: undefined,
        restDeadline: undefined,
        isHeard: false,
        isInDoubt: false,
        answer: undefined,
        body: undefined,
        bytes: 0,
        isSettled: false,
        isOver: false,
        onRestOver: undefined,
        cutOff,
        started,
        heard,
        statusKnown,
        answered,
        received,
        ended,
        failed,
      };
      begin(exchange);
    });
}

function begin(exchange: Exchange): void {
  const { request, signal, connections, deadlines } = exchange;
  exchange.deadline = deadlines.set(request.timeoutMs, exchange);
  signal?.addEventListener('abort', exchange.onAbort);
  if (signal?.aborted) exchange.cutOff();
  else post(exchange, connections.acquire);
}

function post(exchange: Exchange, connectionFor: Connections['open']): void {
  const { request } = exchange;
  try {
    exchange.connection = connectionFor(request);
    if (exchange.connection === undefined) exchange.cutOff();
    else exchange.connection.post(request, exchange);
  } catch (error) {
    drop(exchange, describeError(error)); // there is no memory for the parser, or a header is invalid
  }
}

function cutOff(this: Exchange): void {
  const late = this.connection?.lateCode();
  if (late === undefined) drop(this, { kind: 'aborted' });
  else drop(this, { kind: 'aborted', waitedFor: late === 'NO_CONNECTION' ? 'connection' : 'name' });
}

function started(this: Exchange, isReused: boolean): void {
  this.isInDoubt = isReused;
}

function heard(this: Exchange): void {
  this.isHeard = true;
  this.isInDoubt = false;
}

function statusKnown(this: Exchange): void {
  void soon.then(this.onStatusRead);
}

function answered(this: Exchange, answer: AttemptAnswer): void {
  this.answer = answer;
  if (this.restDeadline !== undefined) void soon.then(this.onStatusRead);
}

function received(this: Exchange, chunk: Buffer): void {
  const answer = this.answer!;
  this.bytes += chunk.length;
  if (!this.isSettled && !isSuccess(answer.status)) {
    this.body ??= [];
    this.body.push(chunk);
  }
  if (this.bytes > MAX_BODY_BYTES) drop(this, answer);
}

function ended(this: Exchange): void {
  if (this.isOver) return;
  finish(this);
  if (!this.isSettled) settle(this, resultOf(this, this.answer!, { isCut: false }));
  const connection = this.connection!;
  if (connection.isOpen()) this.connections.keep(connection);
  else void connection.destroy();
}

function failed(this: Exchange, error: Error): void {
  if (this.isOver) return;
  const described = describeError(error);
  if (this.isInDoubt && CLOSED_MEANWHILE.has(described.code)) {
    void this.connection!.destroy();
    post(this, this.connections.open);
    return;
  }
  const isPlain = this.request.destination.protocol === 'http:';
  if (isPlain && !this.isHeard && described.code === 'SOCKET_CLOSED')
    described.message += '; where this port speaks TLS, the URL has to begin with https://';
  drop(this, described);
}

/**
 * Where something has held up this process for longer than the deadline, timers come before what was received
 * meanwhile: the answers that have come are heard first.
 */
function onDeadline(exchange: Exchange): void {
  setImmediate(() => setImmediate(expire, exchange));
}

function expire(exchange: Exchange): void {
  if (!exchange.isOver) drop(exchange, timedOut(exchange));
}

function timedOut({ request, connection }: Exchange): AttemptResult {
  const late = connection?.lateCode();
  if (late !== undefined && late !== 'NO_CONNECTION') return describeCode(late);
  const missing = late === undefined ? 'answer' : 'connection';
  const message = `no ${missing} within ${formatDuration(request.timeoutMs)}`;
  return { kind: 'error', code: 'TIMEOUT', message };
}
