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
  const { now, style, verbose } = options;
  switch (notice.kind) {
    case 'attempt':
      return verbose ? renderAttempt(notice, options) : undefined;
    case 'parked': {
      const why = notice.message === undefined ? notice.what : `${notice.what} (${safe(notice.message)})`;
      const next =
        notice.parkedUntil === undefined ? '' : `; next attempt ${renderDue(notice.parkedUntil, now)}`;
      return style.bad(`${renderLabel(notice.endpoint)} fails: ${why}${next}`);
    }
    case 'paused':
      return style.bad(`${renderLabel(notice.endpoint)} is paused: ${notice.why}; its deliveries are kept`);
    case 'standing':
      return style.bad(renderStanding(notice, now));
    case 'more-standing':
      return style.bad(
        `${count(notice.endpoints, 'more endpoint')} parked or paused; ${notice.count} still queued for them`,
      );
    case 'well':
      return style.good(`${renderLabel(notice.endpoint)} is well again`);
    case 'misconfigured': {
      const hint = notice.hint === undefined ? '' : `\n  ${safe(notice.hint)}`;
      return style.bad(`cannot send to ${renderLabel(notice.endpoint)}: ${safe(notice.reason)}${hint}`);
    }
    case 'shortage': {
      const hint = notice.hint === undefined ? '' : `\n  ${safe(notice.hint)}`;
      return style.bad(`cannot send now: ${safe(notice.reason)} (${notice.what})${hint}`);
    }
    case 'failed-alone': {
      const { event, what, dueMs, isFirst } = notice;
      const who = renderLabel(notice.endpoint);
      const next = `next attempt of that event ${renderDue(dueMs, now)}`;
      if (isFirst) return style.bad(`${who} rejects ${event}: ${safe(what)}; ${next}`);
      if (!verbose) return undefined;
      return style.bad(`${event} to ${who} failed alone: ${what}; ${next}`);
    }
    case 'gave-up': {
      const who = renderLabel(notice.endpoint);
      return style.bad(
        `gave up ${count(notice.count, 'delivery', 'deliveries')} for ${who}: ${notice.reason}; kept in dead/`,
      );
    }
    case 'on-hold':
      return style.bad(renderOnHold(notice));
    case 'deregistered':
      return `${renderLabel(notice.endpoint)} was deregistered: ${count(notice.count, 'delivery', 'deliveries')} moved to dead/`;
    case 'resumed':
      return style.good(`${renderLabel(notice.endpoint)} is registered again; nothing is on hold for it`);
    case 'set-apart': {
      const place = notice.isKept ? 'moved to unclaimed/' : 'dropped';
      return verbose
        ? `${notice.event}: nobody is registered for ${notice.hook ?? 'it'}; ${place}`
        : undefined;
    }
    case 'unclaimed':
      return style.bad(renderUnclaimed(notice));
    case 'expired':
      return style.bad(
        `removed ${count(notice.events, 'event')} from unclaimed/: nobody was registered within ${formatDuration(notice.keepMs)}`,
      );
    case 'corrupt':
      return style.bad(renderCorrupt(notice.entry));
    case 'unread':
      return style.bad(renderPostponed(notice.entry));
    case 'immovable':
      return style.bad(
        `${safe(notice.entry.name)} in incoming/ is not an event: ${safe(notice.entry.reason)}; remove it as its owner, or as root`,
      );
    case 'more-postponed':
      return style.bad(
        `${count(notice.count, 'more entry', 'more entries')} in incoming/ postponed; will retry`,
      );
    case 'intake-failed':
      return style.bad(`${wordsOf(notice.error)}\n  Events stay in incoming/; will retry.`);
    case 'journal-failed':
      return style.bad(`cannot write the journal (${notice.errno}); deliveries go on`);
    case 'alert-failed':
      return style.bad(
        `${notice.via === 'onChange' ? 'onChange command' : 'alert'} for ${notice.endpoint} failed: ${safe(notice.reason)}`,
      );
    case 'hooks-missing':
      return style.bad(
        'there is no hooks file yet: events of hooks wait for it; create it with: capnhook register <hook> <url>',
      );
    case 'hooks-reloaded':
      if (notice.wasBroken) return style.good('the hooks file is usable again, and is in use now');
      return verbose ? 'the changed hooks file is in use now' : undefined;
    case 'hooks-broken':
      return style.bad(
        `${wordsOf(notice.error)}\n  The previous hooks stay in use; events without a receiver in them wait until it is mended.`,
      );
  }
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
