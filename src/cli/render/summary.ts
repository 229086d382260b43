import type { DrainSummary, Queued } from '../../usecases/drain/ports.js';
import { count, renderDue, safe } from './text.js';

/** Maximum number of endpoints named in one line. */
const maxNamed = 3;

/** Renders the results of a drain, and what is left, for which endpoint and why, in one line without its line break. */
export function renderSummary(summary: DrainSummary, now: number): string {
  const parts = [
    `delivered ${summary.delivered}`,
    summary.failed > 0 && `${count(summary.failed, 'attempt')} failed`,
    summary.gaveUp > 0 && `gave up ${summary.gaveUp}`,
    summary.unclaimed > 0 && `${summary.unclaimed} unclaimed`,
    summary.corrupt > 0 && `${summary.corrupt} moved to corrupt/`,
    renderLeft(summary, now),
  ];
  return parts.filter((part) => part !== false).join(', ');
}

/** Renders how much is still queued, for which endpoint, why, and when the next attempt is due. */
export function renderLeft(
  { owed, waiting, queues, moreQueues }: Pick<DrainSummary, 'owed' | 'waiting' | 'queues' | 'moreQueues'>,
  now: number,
): string {
  const total = `${owed + waiting} still queued`;
  const named = queues.slice(0, maxNamed);
  const parts = named.map((each) => renderQueued(each, now));
  const others = queues.length - named.length + moreQueues;
  const rest = owed - named.reduce((sum, each) => sum + each.count, 0);
  if (others > 0) parts.push(`${rest} for ${count(others, 'other endpoint')}`);
  if (waiting > 0) parts.push(`${waiting} not taken in yet`);
  return parts.length === 0 ? total : `${total}: ${parts.join(', ')}`;
}

function renderQueued(queued: Queued, now: number): string {
  return `${queued.count} for ${safe(queued.endpoint)} (${renderWhy(queued, now)})`;
}

/** Renders why deliveries of an endpoint are still queued, and when it is tried next. */
export function renderWhy({ why, what, nextAttempt }: Queued, now: number): string {
  const next = nextAttempt === undefined ? '' : `, next attempt ${renderNext(Date.parse(nextAttempt), now)}`;
  switch (why) {
    case 'misconfigured':
      return `misconfigured: ${safe(what ?? 'nothing can be sent to it')}`;
    case 'on-hold':
      return 'on hold: not registered';
    case 'parked':
      return `parked: ${safe(what ?? 'it failed')}${next}`;
    case 'paused':
      return `paused: ${safe(what ?? 'it wants no more events')}`;
    case 'alone':
      return `failed alone${next}`;
    case 'paced':
      return `its rate limit is reached${next}`;
    case 'due':
      return what === undefined ? 'due now' : `due now: ${safe(what)}`;
  }
}

/** A time in the past means the next drain. */
function renderNext(dueMs: number, now: number): string {
  return dueMs <= now ? 'with the next drain' : renderDue(dueMs, now);
}
