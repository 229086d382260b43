/** How an exchange ends: what its result is, and when its connection is given up. */
import { describeAnswer } from '../answer/describe-answer.js';
import { isSuccess } from '../answer/verdict.js';
import type { AttemptAnswer, AttemptResult } from '../sender.js';
import type { Exchange } from './exchange-state.js';

/** Time limit for the rest of an answer once its status is known, in ms. */
const REST_MS = 1_000;

/**
 * Gives the result of a success before its body has come, and sets a deadline for the rest of any answer. The rest has
 * mostly come in the same piece as the head, and then this has nothing to do.
 */
export function awaitRest(exchange: Exchange): void {
  if (exchange.isOver) return;
  exchange.restDeadline ??= exchange.deadlines.set(REST_MS, exchange);
  const { answer, isSettled } = exchange;
  if (isSettled || answer === undefined || !isSuccess(answer.status)) return;
  const rest = new Promise<void>((done) => {
    exchange.onRestOver = done;
  });
  settle(exchange, { ...answer, rest });
}

/** Ends an exchange before its answer is complete, and destroys its connection. @param otherwise the result where no status is known */
export function drop(exchange: Exchange, otherwise: AttemptResult): void {
  if (exchange.isOver) return;
  finish(exchange);
  if (!exchange.isSettled) settle(exchange, resultSoFar(exchange) ?? otherwise);
  void exchange.connection?.destroy();
}

/** Ends the deadlines and the signal: nothing more is expected of the connection. */
export function finish(exchange: Exchange): void {
  const { deadlines, deadline, restDeadline, signal, onAbort } = exchange;
  exchange.isOver = true;
  if (deadline !== undefined) deadlines.clear(deadline, exchange);
  if (restDeadline !== undefined) deadlines.clear(restDeadline, exchange);
  signal?.removeEventListener('abort', onAbort);
  exchange.onRestOver?.();
}

/** Gives the result. */
export function settle(exchange: Exchange, result: AttemptResult): void {
  exchange.isSettled = true;
  exchange.resolve(result);
}

function resultSoFar(exchange: Exchange): AttemptResult | undefined {
  const { answer, connection } = exchange;
  if (answer !== undefined) return resultOf(exchange, answer, { isCut: true });
  const soFar = connection?.soFar();
  if (soFar?.kind !== 'answer') return soFar;
  exchange.body = [connection!.restOfHead()];
  return resultOf(exchange, soFar, { isCut: true });
}

/** The result of an answer. @param options.isCut whether there was more of its body */
export function resultOf(
  { body = [], request }: Exchange,
  answer: AttemptAnswer,
  { isCut }: { isCut: boolean },
): AttemptAnswer {
  if (isSuccess(answer.status)) return answer;
  return describeAnswer(answer, { bytes: Buffer.concat(body), isCut, mask: request.mask });
}
