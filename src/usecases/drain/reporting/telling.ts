/** What a drain tells of itself: lines of the journal, and notices to whoever runs it. */

import type { Verdict } from '../../../delivery/answer/verdict.js';
import type { AttemptError, AttemptResult } from '../../../delivery/sender.js';
import type { Outcome } from '../../../endpoint/after-attempt.js';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import { type Health, type State, toldStateOf } from '../../../endpoint/health.js';
import type { JournalEntry } from '../../../journal/journal.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { Delivery, EntryProblem } from '../../../spool/spool.js';
import type { DrainPorts, EndpointLabel } from '../ports.js';
import { excerptOf, withExcerpt } from './answer.js';
import { createNamer } from './name.js';

/** An attempt that has come back. */
export interface Attempted {
  delivery: Delivery;
  endpoint: Endpoint;
  /** From 1. */
  attempt: number;
  /** ms since the epoch. */
  startedAt: number;
  /** How long it took. */
  ms: number;
  /** Whether it came before its endpoint's time, in a drain that has a deadline. */
  isEarly: boolean;
  result: AttemptResult;
}

export interface Telling {
  attempt(attempted: Attempted, verdict: Exclude<Verdict, { kind: 'mistake' }>): void;
  /** An endpoint cannot be sent to before a person puts something right. */
  misconfigured(attempted: Attempted, error: AttemptError): void;
  /** This machine could not make an attempt; told once an hour for each reason. */
  shortage(error: AttemptError): void;
  /** An endpoint's health has changed; told only where it turned. */
  health(endpoint: Endpoint, change: { before: Health; after: Health; outcome: Outcome }): void;
  /** With `isFirst` others are told, too. */
  failedAlone(
    delivery: Delivery,
    told: { endpoint: Endpoint; what: string; dueMs: number; isFirst: boolean },
  ): void;
  /** A delivery is dead; an endpoint that is not known any more is only an id. Gathered until `flush`. */
  buried(
    delivery: Delivery,
    why: {
      reason: 'gave-up' | 'refused' | 'deregistered';
      message: string;
      endpoint?: Endpoint;
      result?: AttemptResult;
    },
  ): void;
  /** A delivery was in flight while it was deregistered, and is dead. */
  deregistered(delivery: Delivery): void;
  corrupt(entry: EntryProblem): void;
  /** Told once, however often it cannot be read. */
  unread(entry: EntryProblem): void;
  /** Tells what was gathered to be told in one line. */
  flush(): void;
}

/** An endpoint was parked or paused, recovered, or had something given up. */
export interface Change {
  /** The endpoint's id. */
  endpoint: string;
  from: State;
  to: State;
  /** When the trouble began, ms since the epoch. */
  since: number;
  /** Deliveries that were given up; where none were, this is what `from` and `to` tell of. */
  gaveUp?: number;
  /** Deliveries that were put on hold. */
  onHold?: number;
  /** What was answered to the first delivery that failed alone, where that is what is told. */
  rejected?: string;
}

/** Entries were put into `corrupt/`. */
export interface CorruptChange {
  /** How many. */
  corrupt: number;
  /** The first one's name there. */
  name: string;
  /** What is wrong with the first one. */
  reason: string;
}

/** Some events of a hook, or of others than those that were named, to be told to a command or by a hook. */
export interface UnclaimedChange {
  unclaimed: number;
  /** Absent for hooks that are not named. */
  hook?: string;
  /** The hook that was probably meant. */
  didYouMean?: string;
}

/** The hooks file of a running drain broke, or is usable again. */
export interface HooksFileChange {
  hooksFile: 'broken' | 'well';
  /** What is wrong with it. */
  reason?: string;
}

export interface TellingOptions {
  showUrls: boolean;
  /** Told of each change once. */
  onChange(change: Change | CorruptChange): void;
}

/** A shortage that was not met for so long, in ms, is told again. */
const tellAgainMs = 3_600_000;

/** Nothing was told yet. */
export function createTelling(
  { lease, journal, clock, report }: DrainPorts,
  { showUrls, onChange }: TellingOptions,
): Telling {
  const named = createNamer(showUrls);
  const toldUnread = new Set<string>();
  let corrupt: CorruptChange | undefined;
  /** When each shortage was met last, monotonic ms. */
  const metAt = new Map<string, number>();
  const given = new Map<string, { endpoint: EndpointLabel; reason: string; count: number }>();

  /** An entry about a delivery. Its members are written in the order in which they are set. */
  function begin(what: JournalEntry['what'], { event, endpoint }: Delivery): JournalEntry {
    const entry: JournalEntry = { time: isoTime(clock.now()), what, event: event.id };
    if (event.hook !== undefined) entry.hook = event.hook;
    entry.endpoint = endpoint;
    return entry;
  }

  return {
    attempt({ delivery, endpoint, attempt, ms, result }, verdict) {
      const entry = begin(verdict.kind === 'ours' ? 'aborted' : verdict.kind, delivery);
      entry.attempt = attempt;
      if (result.kind === 'answer') entry.status = result.status;
      if (result.kind === 'error') entry.error = result.code;
      const excerpt = excerptOf(result);
      if (excerpt !== undefined) entry.answer = excerpt;
      entry.ms = ms;
      journal.write(entry);
      const what =
        'what' in verdict ? `${verdict.kind}: ${withExcerpt(verdict.what, excerpt)}` : verdict.kind;
      report({ kind: 'attempt', endpoint: named(endpoint), event: delivery.event.id, attempt, what, ms });
    },
    misconfigured({ delivery, endpoint, attempt, ms }, { code, message, hint }) {
      journal.write({ ...begin('aborted', delivery), attempt, error: code, ms });
      report({ kind: 'misconfigured', endpoint: named(endpoint), reason: message, hint });
    },
    shortage({ code, message, hint }) {
      const now = clock.monotonic();
      const isNew = now - (metAt.get(code) ?? Number.NEGATIVE_INFINITY) >= tellAgainMs;
      metAt.set(code, now);
      if (isNew) report({ kind: 'shortage', what: code, reason: message, hint });
    },
    health(endpoint, { before, after, outcome }) {
      const [from, to] = [toldStateOf(before), toldStateOf(after)];
      if (from === to) return;
      const name = named(endpoint);
      const since = before.since ?? after.since ?? clock.now();
      if (to === 'well') report({ kind: 'well', endpoint: name, since });
      else if (to === 'paused')
        report({ kind: 'paused', endpoint: name, why: withExcerpt(after.paused ?? '', messageOf(outcome)) });
      else {
        const what = after.last ?? '';
        const message = messageOf(outcome);
        const words = message === undefined ? {} : { message };
        const until = after.parkedUntil === undefined ? {} : { parkedUntil: after.parkedUntil };
        report({ kind: 'parked', endpoint: name, what, ...words, ...until });
      }
      onChange({ endpoint: endpoint.id, from, to, since });
    },
    failedAlone({ event }, { endpoint, what, dueMs, isFirst }) {
      report({ kind: 'failed-alone', endpoint: named(endpoint), event: event.id, what, dueMs, isFirst });
      if (!isFirst) return;
      const state = toldStateOf(lease.health(endpoint.id));
      onChange({ endpoint: endpoint.id, from: state, to: state, since: clock.now(), rejected: what });
    },
    buried(delivery, { reason, message, endpoint, result }) {
      journal.write(begin(reason, delivery));
      const key = `${delivery.endpoint} ${message}`;
      const before = given.get(key);
      const excerpt = result && excerptOf(result);
      given.set(key, {
        endpoint: endpoint === undefined ? { id: delivery.endpoint } : named(endpoint),
        // Each may be told something else: the last one stands for all.
        reason: excerpt === undefined ? (before?.reason ?? message) : withExcerpt(message, excerpt),
        count: (before?.count ?? 0) + 1,
      });
    },
    deregistered: (delivery) => journal.write(begin('deregistered', delivery)),
    corrupt(entry) {
      const time = isoTime(clock.now());
      journal.write({ time, what: 'corrupt', event: entry.name, error: entry.reason });
      report({ kind: 'corrupt', entry });
      corrupt ??= { corrupt: 0, name: entry.name, reason: entry.reason };
      corrupt.corrupt += 1;
    },
    unread(entry) {
      const words = `${entry.name}: ${entry.reason}`;
      if (toldUnread.has(words)) return;
      toldUnread.add(words);
      report({ kind: 'unread', entry });
    },
    flush() {
      for (const notice of given.values()) {
        report({ kind: 'gave-up', ...notice });
        const { id } = notice.endpoint;
        const health = lease.health(id);
        const state = toldStateOf(health);
        const since = health.since ?? clock.now();
        onChange({ endpoint: id, from: state, to: state, since, gaveUp: notice.count });
      }
      given.clear();
      if (corrupt !== undefined) onChange(corrupt);
      corrupt = undefined;
    },
  };
}

function messageOf(outcome: Outcome): string | undefined {
  return 'message' in outcome ? outcome.message : undefined;
}
