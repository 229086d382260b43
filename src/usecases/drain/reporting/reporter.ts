/** Reports what a drain does: lines of the journal, notices, and changes for commands and hooks. */
import type { Verdict } from '../../../delivery/answer/verdict.js';
import type { AttemptError } from '../../../delivery/sender.js';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import { toldStateOf } from '../../../endpoint/health.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { Delivery, EntryProblem } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import { excerptOf, withExcerpt } from './answer.js';
import type { Change, CorruptChange } from './changes.js';
import { attemptLine, lineOf } from './delivery-lines.js';
import type { Burial, FinishedAttempt, OwnedDelivery } from './finished-attempt.js';
import { createGivenUpCounts } from './given-up.js';
import { type HealthChange, healthNotice } from './health-notice.js';
import { createLabeler } from './label.js';

export interface Reporter {
  attempt(finished: FinishedAttempt, verdict: Exclude<Verdict, { kind: 'mistake' }>): void;
  /** An endpoint cannot be sent to until a person corrects something. */
  misconfigured(finished: FinishedAttempt, error: AttemptError): void;
  /** This machine could not make an attempt; reported once an hour for each reason. */
  shortage(error: AttemptError): void;
  /** An endpoint's health has changed; reported if its state has. */
  health(endpoint: Endpoint, change: HealthChange): void;
  /** A delivery failed alone. The first one of an endpoint is a change as well. */
  failedAlone(
    claimed: OwnedDelivery,
    failure: { endpoint: Endpoint; what: string; dueMs: number; isFirst: boolean },
  ): void;
  /** A delivery was given up. Counted until `flush`. */
  buried(delivery: Delivery, burial: Burial): void;
  /** A person has ended a delivery while it was in flight, and it is dead. */
  buriedByHand(delivery: Delivery, reason: 'deregistered' | 'dropped' | 'exported'): void;
  /** An entry was moved to `corrupt/`. */
  quarantined(problem: EntryProblem): void;
  /** An entry cannot be read now; reported once. */
  postponed(problem: EntryProblem): void;
  /** Reports what was counted. */
  flush(): void;
}

export interface ReporterOptions {
  showUrls: boolean;
  /** Called once with each change. */
  onChange(change: Change | CorruptChange): void;
}

/** Time without a shortage after which it is reported again, in ms. */
const reportAgainMs = 3_600_000;

/** Makes the reporter of a drain. */
export function createReporter(ports: DrainPorts, { showUrls, onChange }: ReporterOptions): Reporter {
  const { side, journal, clock, report } = ports;
  const labelOf = createLabeler(showUrls);
  const postponed = new Set<string>();
  /** When each shortage was last met, monotonic ms. */
  const shortageAt = new Map<string, number>();
  const givenUp = createGivenUpCounts();
  let corrupt: CorruptChange | undefined;

  function flushGivenUp(): void {
    for (const notice of givenUp.take()) {
      report({ kind: 'gave-up', ...notice });
      const { id } = notice.endpoint;
      const health = side.byId.health(id);
      const state = toldStateOf(health);
      const since = health.since ?? clock.now();
      onChange({ endpoint: id, from: state, to: state, since, gaveUp: notice.count });
    }
  }

  return {
    attempt(finished, verdict) {
      const { delivery, attempt, ms, result } = finished;
      journal.write(attemptLine(finished, { kind: verdict.kind, now: clock.now() }));
      const what =
        'what' in verdict ? `${verdict.kind}: ${withExcerpt(verdict.what, excerptOf(result))}` : verdict.kind;
      const endpoint = labelOf(finished.endpoint);
      report({ kind: 'attempt', endpoint, event: delivery.event.id, attempt, what, ms });
    },
    misconfigured({ delivery, endpoint, attempt, ms }, { code, message, hint }) {
      journal.write({ ...lineOf('aborted', delivery, clock.now()), attempt, error: code, ms });
      report({ kind: 'misconfigured', endpoint: labelOf(endpoint), reason: message, hint });
    },
    shortage({ code, message, hint }) {
      const now = clock.monotonic();
      const isNew = now - (shortageAt.get(code) ?? Number.NEGATIVE_INFINITY) >= reportAgainMs;
      shortageAt.set(code, now);
      if (isNew) report({ kind: 'shortage', what: code, reason: message, hint });
    },
    health(endpoint, change) {
      const { before, after } = change;
      const [from, to] = [toldStateOf(before), toldStateOf(after)];
      if (from === to) return;
      const since = before.since ?? after.since ?? clock.now();
      report(healthNotice(labelOf(endpoint), change, since));
      onChange({ endpoint: endpoint.id, from, to, since });
    },
    failedAlone({ owned, delivery: { event } }, { endpoint, what, dueMs, isFirst }) {
      report({ kind: 'failed-alone', endpoint: labelOf(endpoint), event: event.id, what, dueMs, isFirst });
      if (!isFirst) return;
      const state = toldStateOf(owned.health());
      onChange({ endpoint: endpoint.id, from: state, to: state, since: clock.now(), rejected: what });
    },
    buried(delivery, burial) {
      const { endpoint, reason } = burial;
      journal.write(lineOf(reason, delivery, clock.now()));
      givenUp.add(delivery, burial, endpoint === undefined ? { id: delivery.endpoint } : labelOf(endpoint));
    },
    buriedByHand: (delivery, reason) => journal.write(lineOf(reason, delivery, clock.now())),
    quarantined(entry) {
      const { name, reason } = entry;
      journal.write({ time: isoTime(clock.now()), what: 'corrupt', event: name, error: reason });
      report({ kind: 'corrupt', entry });
      corrupt ??= { corrupt: 0, name, reason };
      corrupt.corrupt += 1;
    },
    postponed(entry) {
      const words = `${entry.name}: ${entry.reason}`;
      if (postponed.has(words)) return;
      postponed.add(words);
      report({ kind: 'unread', entry });
    },
    flush() {
      flushGivenUp();
      if (corrupt !== undefined) onChange(corrupt);
      corrupt = undefined;
    },
  };
}
