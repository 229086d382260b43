import { formatDuration } from '../../shared/duration.js';
import type { CapnhookError } from '../../shared/errors.js';
import { isoTime } from '../../shared/iso-time.js';
import type { EndpointLabel, EntryProblem, Notice } from '../../usecases/drain/ports.js';
import { renderError } from './error.js';
import type { Style } from './style.js';
import { renderWhy } from './summary.js';
import { count, renderCorrupt, renderDue, safe } from './text.js';

export interface NoticeOptions {
  /** Whether notices of successful steps are rendered, too. */
  verbose: boolean;
  /** ms since the epoch. */
  now: number;
  style: Style;
}

/** Renders a notice as one line, without its line break; undefined if it is not to be shown. */
export function renderNotice(notice: Notice, options: NoticeOptions): string | undefined {
  const render = renderers[notice.kind] as Renderer<Notice['kind']>;
  return render(notice, options);
}

type Renderer<K extends Notice['kind']> = (
  notice: Extract<Notice, { kind: K }>,
  options: NoticeOptions,
) => string | undefined;

/** How each kind of notice is rendered. */
const renderers: { [K in Notice['kind']]: Renderer<K> } = {
  attempt: (notice, options) => (options.verbose ? renderAttempt(notice, options) : undefined),
  parked: (notice, { style, now }) => style.bad(renderParked(notice, now)),
  paused: ({ endpoint, why }, { style }) =>
    style.bad(`${renderLabel(endpoint)} is paused: ${safe(why)}; its deliveries are kept`),
  standing: (notice, { style, now }) => style.bad(renderStanding(notice, now)),
  'more-standing': ({ endpoints, count: queued }, { style }) =>
    style.bad(`${count(endpoints, 'more endpoint')} parked or paused; ${queued} still queued for them`),
  well: ({ endpoint }, { style }) => style.good(`${renderLabel(endpoint)} is well again`),
  misconfigured: ({ endpoint, reason, hint }, { style }) =>
    style.bad(`cannot send to ${renderLabel(endpoint)}: ${safe(reason)}${renderHint(hint)}`),
  shortage: ({ reason, what, hint }, { style }) =>
    style.bad(`cannot send now: ${safe(reason)} (${what})${renderHint(hint)}`),
  'failed-alone': renderFailedAlone,
  'gave-up': ({ endpoint, reason, count: given }, { style }) =>
    style.bad(
      `gave up ${count(given, 'delivery', 'deliveries')} for ${renderLabel(endpoint)}: ${reason}; kept in dead/`,
    ),
  'on-hold': (notice, { style }) => style.bad(renderOnHold(notice)),
  deregistered: ({ endpoint, count: moved }) =>
    `${renderLabel(endpoint)} was deregistered: ${count(moved, 'delivery', 'deliveries')} moved to dead/`,
  dropped: ({ endpoint, count: dropped }) =>
    endpoint === undefined
      ? `${count(dropped, 'event')} not taken in yet dropped, and moved to dead/`
      : `${count(dropped, 'delivery', 'deliveries')} for ${renderLabel(endpoint)} dropped, and moved to dead/`,
  exported: ({ count: exported }) => `${count(exported, 'entry', 'entries')} moved to dead/, to be exported`,
  imported: ({ endpoint, count: imported }) =>
    endpoint === undefined
      ? `${count(imported, 'event')} imported`
      : `${count(imported, 'delivery', 'deliveries')} for ${renderLabel(endpoint)} imported`,
  replayed: ({ endpoint, count: replayed }) =>
    `${count(replayed, 'delivery', 'deliveries')} for ${renderLabel(endpoint)} queued again`,
  retried: ({ endpoint, count: retried }) =>
    `${count(retried, 'delivery', 'deliveries')} for ${renderLabel(endpoint)} retried now`,
  restored: ({ events }) => `${count(events, 'event')} without an endpoint moved back to incoming/`,
  unpaused: ({ endpoint }, { style }) =>
    style.good(`${renderLabel(endpoint)} is not paused any more, and is tried now`),
  'unknown-request': ({ entry }, { style }) =>
    style.bad(
      `cannot obey ${safe(entry.name)} in control/: ${safe(entry.reason)}; left for a newer capnhook`,
    ),
  resumed: ({ endpoint }, { style }) =>
    style.good(`${renderLabel(endpoint)} is registered again; nothing is on hold for it`),
  'set-apart': ({ event, hook, isKept }, { verbose }) =>
    verbose
      ? `${event}: nobody is registered for ${hook ?? 'it'}; ${isKept ? 'moved to unclaimed/' : 'dropped'}`
      : undefined,
  unclaimed: (notice, { style }) => style.bad(renderUnclaimed(notice)),
  expired: ({ events, keepMs }, { style }) =>
    style.bad(
      `removed ${count(events, 'event')} from unclaimed/: nobody was registered within ${formatDuration(keepMs)}`,
    ),
  purged: ({ count: removed, keepMs }) =>
    `removed ${count(removed, 'delivery', 'deliveries')} from dead/: there for longer than ${formatDuration(keepMs)}`,
  corrupt: ({ entry }, { style }) => style.bad(renderCorrupt(entry)),
  unread: ({ entry }, { style }) => style.bad(renderPostponed(entry)),
  immovable: ({ entry }, { style }) =>
    style.bad(
      `${safe(entry.name)} in incoming/ is not an event: ${safe(entry.reason)}; remove it as its owner, or as root`,
    ),
  'more-postponed': ({ count: entries }, { style }) =>
    style.bad(`${count(entries, 'more entry', 'more entries')} in incoming/ postponed; will retry`),
  'intake-failed': ({ error }, { style }) =>
    style.bad(`${wordsOf(error)}\n  Events stay in incoming/; will retry.`),
  'journal-failed': ({ errno }, { style }) =>
    style.bad(`cannot write the journal (${errno}); deliveries go on`),
  'alert-failed': ({ via, endpoint, reason }, { style }) =>
    style.bad(`${via === 'onChange' ? 'onChange command' : 'alert'} for ${endpoint} failed: ${safe(reason)}`),
  'hooks-missing': (_, { style }) =>
    style.bad(
      'there is no hooks file yet: events of hooks wait for it; create it with: capnhook register <hook> <url>',
    ),
  'hooks-reloaded'({ wasBroken }, { style, verbose }) {
    if (wasBroken) return style.good('the hooks file is usable again, and is in use now');
    return verbose ? 'the changed hooks file is in use now' : undefined;
  },
  'hooks-broken': ({ error }, { style }) =>
    style.bad(
      `${wordsOf(error)}\n  The previous hooks stay in use; events without a receiver in them wait until it is mended.`,
    ),
};

function renderParked(
  { endpoint, what, message, parkedUntil }: Extract<Notice, { kind: 'parked' }>,
  now: number,
): string {
  const why = message === undefined ? what : `${what} (${safe(message)})`;
  const next = parkedUntil === undefined ? '' : `; next attempt ${renderDue(parkedUntil, now)}`;
  return `${renderLabel(endpoint)} fails: ${why}${next}`;
}

function renderHint(hint: string | undefined): string {
  return hint === undefined ? '' : `\n  ${safe(hint)}`;
}

function renderFailedAlone(
  { endpoint, event, what, dueMs, isFirst }: Extract<Notice, { kind: 'failed-alone' }>,
  { style, verbose, now }: NoticeOptions,
): string | undefined {
  const who = renderLabel(endpoint);
  const next = `next attempt of that event ${renderDue(dueMs, now)}`;
  if (isFirst) return style.bad(`${who} rejects ${event}: ${safe(what)}; ${next}`);
  return verbose ? style.bad(`${event} to ${who} failed alone: ${what}; ${next}`) : undefined;
}

function renderOnHold({ endpoint, count: held, keepMs }: Extract<Notice, { kind: 'on-hold' }>): string {
  const { id } = endpoint;
  const what = `${count(held, 'delivery', 'deliveries')} for ${id} on hold`;
  const keep = formatDuration(keepMs);
  return `${what}: it is not registered; kept for ${keep}. Register it again, or: capnhook deregister ${id}`;
}

function renderAttempt(notice: Extract<Notice, { kind: 'attempt' }>, { style }: NoticeOptions): string {
  const { endpoint, event, attempt, what, ms } = notice;
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  const line = `${event} to ${renderLabel(endpoint)}: ${what}${again} ${style.faint(`(${ms} ms)`)}`;
  return what === 'delivered' ? style.good(line) : style.bad(line);
}

function renderStanding({ queued, since }: Extract<Notice, { kind: 'standing' }>, now: number): string {
  const from = since === undefined ? '' : ` since ${isoTime(since)}`;
  const { endpoint, count: owed } = queued;
  return `no deliveries to ${safe(endpoint)}${from}: ${renderWhy(queued, now)}; ${owed} still queued`;
}

/** An entry that stays in incoming/, and is tried again. */
function renderPostponed({ name, reason }: EntryProblem): string {
  const errno = /^it cannot be (?:read|taken in) now \((\w+)\)$/.exec(reason)?.[1];
  if (errno !== undefined) return `cannot read ${safe(name)} now (${errno}); will retry`;
  return `${safe(name)}: ${safe(reason)}; will retry`;
}

function renderUnclaimed(notice: Extract<Notice, { kind: 'unclaimed' }>): string {
  const { unclaimed, hook, didYouMean, keepMs } = notice;
  const kept = `${count(unclaimed, 'event')} kept in unclaimed/ for ${formatDuration(keepMs)}`;
  if (hook === undefined) return `nobody is registered for other hooks either: ${kept}`;
  const meant = didYouMean === undefined ? '' : ` (did you mean ${didYouMean}?)`;
  return `nobody is registered for ${hook}${meant}: ${kept}`;
}

function wordsOf(error: CapnhookError): string {
  return renderError(error)
    .replace(/^capnhook: /, '')
    .trimEnd();
}

function renderLabel({ id, origin, url = origin }: EndpointLabel): string {
  return url === undefined ? id : `${url} (${id})`;
}
