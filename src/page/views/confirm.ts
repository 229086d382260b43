/** What would be done is shown with its count, before it is done. */
import type { Action, Steered } from '../page-data.js';
import { counted, number } from './figures.js';
import { foreign, type Html, html, nothing } from './html.js';
import type { View } from './layout.js';
import { hiddenFields } from './links.js';

const verbs: Readonly<Record<Action, string>> = {
  retry: 'Retry',
  drop: 'Drop',
  pause: 'Pause',
  resume: 'Resume',
};

const meanings: Readonly<Record<Action, string>> = {
  retry:
    'It is sent now: dead and unclaimed entries go back into their queues, and parked or paused endpoints are tried.',
  drop: 'It moves to dead/. Retry brings it back.',
  pause: 'Nothing is sent to it until it is resumed. What is queued for it is kept.',
  resume: 'Its pause ends, and it is tried now.',
};

export interface ConfirmOptions {
  /** The fields of the form that asked. */
  fields: ReadonlyArray<readonly [string, string]>;
  /** The same as a command. */
  command: string;
  /** Where to go without doing it. */
  back: string;
  /** What was chosen, in words. */
  chosen: string;
}

/** Asks before anything is changed. */
export function confirmView(action: Action, steered: Steered, options: ConfirmOptions): View {
  const { fields, command, back, chosen } = options;
  const isOfEndpoint = action === 'pause' || action === 'resume';
  const what = isOfEndpoint ? chosen : `${countedOf(steered)} (${chosen})`;
  const isNothing = !isOfEndpoint && steered.count === 0 && steered.endpoints.length === 0;
  return {
    title: `${verbs[action]}?`,
    main: html`<form method="post" action="/steer" class="card message" id="confirm">
<h1>${verbs[action]} <span data-figure="count">${foreign(what)}</span>?</h1>
<p>${isNothing ? 'Nothing is selected that could be changed.' : meanings[action]}</p>
${isOfEndpoint ? nothing : concerned(steered.endpoints)}
<p class="dim">The same as a command: <code>${foreign(command)}</code></p>
${hiddenFields([...fields, ['confirmed', 'yes']])}
<p class="actions">${isNothing ? nothing : html`<button class="${action === 'drop' ? 'danger' : 'primary'}" autofocus>${verbs[action]}</button>`} <a class="button" href="${back}">Cancel</a></p>
</form>`,
  };
}

/** What waits in order is not moved by a retry: its endpoint is tried. */
function countedOf({ count, endpoints }: Steered): string {
  if (count > 0 || endpoints.length === 0) return counted(count, 'delivery', 'deliveries');
  return `what is queued for ${counted(endpoints.length, 'endpoint')}`;
}

/** Maximum number of endpoints that are named. */
const maxNamed = 10;

function concerned(endpoints: readonly string[]): Html {
  if (endpoints.length === 0) return nothing;
  const more = endpoints.length - maxNamed;
  return html`<p>Endpoints: ${endpoints.slice(0, maxNamed).map((id) => html`<code>${foreign(id)}</code> `)}${more > 0 ? `and ${number(more)} more` : nothing}</p>`;
}

/** What was done. */
export function doneView(
  action: Action,
  steered: Steered,
  options: Pick<ConfirmOptions, 'back' | 'chosen'>,
): View {
  const done: Readonly<Record<Action, string>> = {
    retry: `Retried: ${countedOf(steered)}`,
    drop: `${counted(steered.count, 'delivery', 'deliveries')} moved to dead/`,
    pause: `${options.chosen} is paused`,
    resume: `${options.chosen} is resumed`,
  };
  const isSendingNeeded = action === 'retry' || action === 'resume';
  return {
    title: 'Done',
    main: html`<div class="card message" role="status" id="done">
<h1>${foreign(done[action])}</h1>
${steered.isPending ? html`<p>The running drain was asked, and has not got to it within 15 seconds. The request stays: that drain obeys it, or the next one.</p>` : nothing}
${isSendingNeeded && !steered.isDraining ? html`<p>Nobody drains: <code>capnhook drain</code> sends it.</p>` : nothing}
<p class="actions"><a class="button primary" href="${options.back}">Back</a></p>
</div>`,
  };
}
