import type { Outcome } from '../../../endpoint/after-attempt.js';
import { type Health, toldStateOf } from '../../../endpoint/health.js';
import type { EndpointLabel, Notice } from '../ports.js';
import { withExcerpt } from './answer.js';

/** A change of an endpoint's health by an attempt. */
export interface HealthChange {
  before: Health;
  after: Health;
  outcome: Outcome;
}

/** The notice of an endpoint that is parked, paused or well again. Pure. @param since when the trouble began, ms since the epoch */
export function healthNotice(
  endpoint: EndpointLabel,
  { after, outcome }: HealthChange,
  since: number,
): Notice {
  const state = toldStateOf(after);
  const message = 'message' in outcome ? outcome.message : undefined;
  if (state === 'well') return { kind: 'well', endpoint, since };
  if (state === 'paused') return { kind: 'paused', endpoint, why: withExcerpt(after.paused ?? '', message) };
  const notice: Notice = { kind: 'parked', endpoint, what: after.last ?? '' };
  if (message !== undefined) notice.message = message;
  if (after.parkedUntil !== undefined) notice.parkedUntil = after.parkedUntil;
  return notice;
}
