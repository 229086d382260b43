/** One event: its deliveries, every attempt, and its payload on demand. */
import type { LoggedEntry } from '../../usecases/inspect/logged-entry.js';
import type { ShownDelivery, ShownEvent, ShownState } from '../../usecases/inspect/show-event.js';
import { stateNames } from './entries.js';
import { bytes, counted, number, when } from './figures.js';
import { foreign, foreignLines, type Html, html, nothing } from './html.js';
import type { View } from './layout.js';
import { endpointPath, eventPath } from './links.js';
import { originOf } from './overview.js';

export interface EventOptions {
  /** ms since the epoch. */
  now: number;
  isReadOnly: boolean;
}

/** The page of an event. */
export function eventView(event: ShownEvent, options: EventOptions): View {
  const { id, hook, acceptedAt, events, to, deliveries, log } = event;
  return {
    title: `Event ${id}`,
    isLive: true,
    main: html`<p class="crumb"><a href="/entries">Deliveries</a></p>
<h1 class="id">${foreign(id)}</h1>
<dl class="facts" data-live-key="facts">
<div><dt>Hook</dt><dd>${hook === undefined ? '–' : foreign(hook)}</dd></div>
<div><dt>Accepted</dt><dd>${when(acceptedAt, options.now)}</dd></div>
${events === undefined ? nothing : html`<div><dt>Batch</dt><dd>${counted(events, 'event')}</dd></div>`}
${to === undefined ? nothing : html`<div><dt>Sent to</dt><dd>${to.map((each) => originOf(each))}</dd></div>`}
</dl>
<section class="card table-card" aria-labelledby="deliveries-title"><h2 id="deliveries-title">Deliveries</h2>
${deliveries.length === 0 ? html`<p class="empty">Nothing of it is in the spool any more.</p>` : deliveries.map((delivery) => deliveryCard(delivery, { id, ...options }))}
</section>
${log.length === 0 ? nothing : html`<section class="card table-card" aria-labelledby="log-title"><h2 id="log-title">The event itself</h2>${logTable(log, options.now)}</section>`}
${payloadSection(event)}`,
  };
}

/** The states in words, those that only the journal knows included. */
const stateWords: Readonly<Record<ShownState, string>> = {
  ...stateNames,
  delivered: 'delivered',
  ended: 'ended',
  unknown: 'not in the spool',
};

function deliveryCard(delivery: ShownDelivery, { id, now, isReadOnly }: EventOptions & { id: string }): Html {
  const { endpoint, state, attempts, reason, nextTry, givesUp, endedAt, answer, log } = delivery;
  return html`<article class="delivery" data-live-key="delivery-${endpoint?.id ?? ''}">
<h3>${endpoint === undefined ? 'No endpoint' : html`<a href="${endpointPath(endpoint.id)}">${foreign(endpoint.id)}</a> ${originOf(endpoint)}`}</h3>
<dl class="facts">
<div><dt>State</dt><dd data-figure="state">${stateWords[state]}</dd></div>
<div><dt>Attempts</dt><dd>${number(attempts)}</dd></div>
${reason === undefined ? nothing : html`<div><dt>Reason</dt><dd>${foreign(reason)}</dd></div>`}
${fact('Next try', nextTry, now)}${fact('Will be given up', givesUp, now)}${fact('Ended', endedAt, now)}
</dl>
${answer === undefined ? nothing : answerOf(answer, now)}
${log.length === 0 ? nothing : logTable(log, now)}
${isReadOnly ? nothing : deliveryActions(delivery, id)}
</article>`;
}

function fact(name: string, time: string | undefined, now: number): Html {
  return time === undefined ? nothing : html`<div><dt>${name}</dt><dd>${when(time, now)}</dd></div>`;
}

function answerOf(
  { status, time, contentType = '', body = '' }: NonNullable<ShownDelivery['answer']>,
  now: number,
): Html {
  return html`<details open><summary>Last failed answer: ${status} <span class="dim">${foreign(contentType)} ${when(time, now)}</span></summary>
<pre tabindex="0" role="region" aria-label="The answer&rsquo;s body">${foreignLines(body)}</pre></details>`;
}

function deliveryActions({ endpoint, state }: ShownDelivery, id: string): Html {
  if (!Object.hasOwn(stateNames, state) || state === 'corrupt' || state === 'sent') return nothing;
  const canDrop = state !== 'dead' && state !== 'unclaimed';
  return html`<form method="post" action="/steer" class="actions">
<input type="hidden" name="entry" value="${[state, endpoint?.id ?? '', id].join('/')}"><input type="hidden" name="back" value="${eventPath(id)}">
<button name="do" value="retry selected">Retry</button>
${canDrop ? html`<button name="do" value="drop selected" class="danger">Drop</button>` : nothing}
</form>`;
}

function logTable(log: readonly LoggedEntry[], now: number): Html {
  return html`<table class="rows attempts">
<thead><tr><th scope="col">When</th><th scope="col" class="num">Attempt</th><th scope="col">Result</th><th scope="col" class="num">Status</th><th scope="col" class="num">Took</th><th scope="col">Reason</th></tr></thead>
<tbody>${log.map((entry) => logRow(entry, now))}</tbody></table>`;
}

function logRow({ time, attempt, what, status, durationMs, reason }: LoggedEntry, now: number): Html {
  return html`<tr><th scope="row">${when(time, now)}</th>
<td data-label="Attempt" class="num">${attempt ?? '–'}</td>
<td data-label="Result"><span class="state"><span class="dot ${what === 'delivered' ? 'well' : 'trouble'}"></span>${foreign(what)}</span></td>
<td data-label="Status" class="num">${status ?? '–'}</td>
<td data-label="Took" class="num">${durationMs === undefined ? '–' : `${number(durationMs)} ms`}</td>
<td data-label="Reason" class="reason">${reason === undefined ? nothing : foreign(reason)}</td></tr>`;
}

function payloadSection({ id, payload }: ShownEvent): Html {
  if (payload === undefined) return nothing;
  const path = `${eventPath(id)}/payload`;
  return html`<section class="card" aria-labelledby="payload-title" data-live-keep><h2 id="payload-title">Payload <span class="dim">${bytes(payload.bytes)}</span></h2>
<p class="actions"><a class="button" href="${path}" data-payload="${path}">Show the payload</a> <a class="button" href="${path}?raw=1" download>Download its exact bytes</a></p></section>`;
}

/** The largest payload that is shown, in bytes; a larger one is cut. */
const maxShownBytes = 262_144;

/** A payload as text, or as hexadecimal digits where it is not UTF-8. */
export function payloadPart(payload: Uint8Array): Html {
  const shown = payload.subarray(0, maxShownBytes);
  const isCut = shown.length < payload.length;
  const text = textOf(shown, isCut);
  return html`<div id="payload">${text === undefined ? html`<p class="dim">It is not UTF-8, and shown as hexadecimal digits.</p>` : nothing}
<pre tabindex="0" role="region" aria-label="The payload">${
    text === undefined
      ? Buffer.from(shown)
          .toString('hex')
          .replace(/(.{2})/g, '$1 ')
      : foreignLines(text)
  }</pre>
${isCut ? html`<p class="dim">The first ${bytes(maxShownBytes)} of ${bytes(payload.length)}.</p>` : nothing}</div>`;
}

/** A payload on a page of its own, for a browser without scripts. */
export function payloadView(id: string, payload: Uint8Array): View {
  return {
    title: `Payload of ${id}`,
    main: html`<p class="crumb"><a href="${eventPath(id)}">${foreign(id)}</a></p><h1>Payload</h1><section class="card">${payloadPart(payload)}</section>`,
  };
}

function textOf(payload: Uint8Array, isCut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(payload, { stream: isCut });
  } catch {
    return undefined;
  }
}
