/** What is kept and said of the answer to a failed attempt. Pure. */

import { isSuccess } from '../../../delivery/answer/verdict.js';
import type { AttemptResult } from '../../../delivery/sender.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { KeptAnswer } from '../../../spool/spool.js';

/** What a failed answer says, in one line. */
export function excerptOf(result: AttemptResult): string | undefined {
  return result.kind === 'answer' ? result.excerpt : undefined;
}

/** `422` with what the receiver says: `422: channel #ops is archived`. */
export function withExcerpt(what: string, excerpt: string | undefined): string {
  return excerpt === undefined ? what : `${what}: ${excerpt}`;
}

/**
 * What is kept of the answer to an event; undefined for a success, or where there was none.
 * @param nowMs ms since the epoch
 */
export function keptAnswer(
  result: AttemptResult,
  { event, nowMs }: { event: string; nowMs: number },
): KeptAnswer | undefined {
  if (result.kind !== 'answer' || isSuccess(result.status)) return undefined;
  const { status, contentType, body } = result;
  const kept: KeptAnswer = { event, time: isoTime(nowMs), status };
  if (contentType !== undefined) kept.contentType = contentType;
  if (body !== undefined) kept.body = body;
  return kept;
}
