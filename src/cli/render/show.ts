/** An event, its deliveries and their attempts, as lines for a person. */

import type { KeptAnswer, ShownDelivery, ShownEvent } from '../../library/show.js';
import { formatSpan } from '../../shared/duration.js';
import { nextTryWords } from '../../usecases/inspect/status/state-words.js';
import { renderAge } from './age.js';
import { renderTable } from './table.js';
import { count, hideUrls, safe } from './text.js';

export interface ShowRenderOptions {
  /** ms since the epoch. */
  now: number;
  showUrls: boolean;
  /** Maximum width of a line, in characters; default: none. */
  width?: number | undefined;
}

/** Maximum length of a payload that is printed among other lines, in characters. */
const maxPayload = 65_536;

/** Renders an event. */
export function renderEvent(event: ShownEvent, options: ShowRenderOptions): string {
  const parts = [headLines(event, options), payloadLines(event)];
  for (const delivery of event.deliveries) parts.push(deliveryLines(delivery, options));
  if (event.log.length > 0) parts.push(logTable(event.log, options));
  return parts.filter((part) => part !== '').join('\n');
}

function headLines(
  { id, hook, to, time, acceptedAt, events }: ShownEvent,
  { now }: ShowRenderOptions,
): string {
  const names = to?.map((endpoint) => endpoint.host ?? endpoint.id).join(', ');
  const facts = [
    hook === undefined ? '' : `hook ${safe(hook)}`,
    names === undefined ? '' : `to ${safe(names)}`,
    time === undefined ? '' : `fired ${time}`,
    acceptedAt === undefined ? '' : `accepted ${renderAge(acceptedAt, now)} ago`,
    events === undefined ? '' : `a batch of ${count(events, 'event')}`,
  ].filter((fact) => fact !== '');
  return `${safe(id)}${facts.length === 0 ? '' : `: ${facts.join(', ')}`}\n`;
}

function payloadLines({ payload }: ShownEvent): string {
  if (payload === undefined) return '';
  const { bytes, text } = payload;
  const lines = text.slice(0, maxPayload).split('\n').map(safe);
  const rest = text.length > maxPayload ? ['… (all of it: --body)'] : [];
  return [`payload, ${count(bytes, 'byte')}:`, ...lines, ...rest, ''].join('\n');
}

function deliveryLines(delivery: ShownDelivery, options: ShowRenderOptions): string {
  const { endpoint, log, answer } = delivery;
  const who = endpoint === undefined ? '' : `${safe(nameOf(endpoint, options))}: `;
  const head = `${who}${factsOf(delivery, options).join(', ')}\n`;
  return head + indented(logTable(log, options)) + (answer === undefined ? '' : answerLines(answer));
}

function nameOf(
  { id, scheme, host, url }: NonNullable<ShownDelivery['endpoint']>,
  { showUrls }: ShowRenderOptions,
): string {
  if (showUrls && typeof url === 'string') return `${url} (${id})`;
  if (host === undefined) return id;
  const origin = `${scheme}://${host}`;
  return id.includes('~') ? `${origin} (${id})` : `${id} (${origin})`;
}

function factsOf(delivery: ShownDelivery, { now, showUrls }: ShowRenderOptions): string[] {
  const { state, why, reason, attempts, givesUp, endedAt, sentAt } = delivery;
  const words = reason === undefined ? undefined : safe(showUrls ? reason : hideUrls(reason));
  const ended = endedAt ?? sentAt;
  return [
    [state, why, words].filter(Boolean).join(': '),
    attempts === 0 ? '' : `${count(attempts, state === 'delivered' ? 'attempt' : 'failed attempt')}`,
    ended === undefined
      ? ''
      : `${state === 'delivered' || state === 'sent' ? 'delivered' : 'ended'} ${ended}`,
    nextTryText(delivery, now),
    givesUpText(givesUp, now),
  ].filter((fact) => fact !== '');
}

function nextTryText({ state, nextTry }: ShownDelivery, now: number): string {
  if (nextTry !== undefined) return `next try ${nextTryWords(nextTry, now)}`;
  return ['queued', 'parked', 'retry'].includes(state) ? 'next try as soon as something drains' : '';
}

function givesUpText(time: string | undefined, now: number): string {
  if (time === undefined) return '';
  const ms = Date.parse(time) - now;
  const when = ms <= 0 ? 'with the next drain' : `in ${formatSpan(ms)}`;
  return `given up ${when} (${time}) if it goes on so`;
}

/** A row for each line: time, what, attempt, status, duration, reason. */
function logTable(log: ShownDelivery['log'], { width, showUrls }: ShowRenderOptions): string {
  const rows = log.map(({ time, what, attempt, status, durationMs, reason = '' }) => [
    time,
    what,
    attempt === undefined ? '' : `#${attempt}`,
    status === undefined ? '' : String(status),
    durationMs === undefined ? '' : `${durationMs}ms`,
    showUrls ? reason : hideUrls(reason),
  ]);
  return renderTable(rows, { right: [2, 3, 4], width: width === undefined ? undefined : width - 2 });
}

function answerLines({ status, time, contentType, body }: KeptAnswer): string {
  const head = ['last failed answer:', status, contentType ?? '', time]
    .filter((word) => word !== '')
    .join(' ');
  const lines =
    body === undefined
      ? []
      : body
          .trimEnd()
          .split('\n')
          .map((line) => `  ${safe(line)}`);
  return `  ${safe(head)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function indented(lines: string): string {
  return lines.replace(/^(?=.)/gm, '  ');
}
