/** What matters of a final answer: its status, and the headers that say what the receiver wants. */

import { parseDeliveryWish } from '../answer/delivery-wish.js';
import { isSuccess } from '../answer/verdict.js';
import type { AttemptAnswer, AttemptResult } from '../sender.js';
import type { AnswerFilter } from './answer-filter.js';
import { type Header, readHeaders } from './answer-head.js';
import { describeCode } from './error-words.js';

/** An answer with more bytes of headers is a failed attempt. */
export const MAX_HEADER_BYTES = 65_536;

/** Makes an answer of a status and its headers. @param headers names in lower case, and values */
export function answerOf(status: number, headers: readonly Header[]): AttemptAnswer {
  const answer: AttemptAnswer = { kind: 'answer', status };
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

/** The headers that may matter. @param headers names and values in turn, as they came */
export function textsOf(headers: readonly Buffer[], status: number): Header[] {
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

/** What has passed a filter of a final answer, whether or not a parser likes it; undefined where no status is known. */
export function receivedSoFar(filter: AnswerFilter): AttemptResult | undefined {
  const received = filter.received();
  if (received !== undefined && received.status >= 200)
    return answerOf(received.status, readHeaders(received.head));
  return filter.isHttp2() ? describeCode('HTTP2_ONLY') : undefined;
}
