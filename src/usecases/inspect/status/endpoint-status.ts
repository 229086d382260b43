/** What is told of one endpoint. Pure. */
import { atThisClock } from '../../../endpoint/clock-jump.js';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import { givesUpAt } from '../../../endpoint/gives-up-at.js';
import {
  allowedConcurrency,
  type Health,
  isInRun,
  limitOf,
  parkedUntil,
  pausedMs,
  runPauseMs,
} from '../../../endpoint/health.js';
import type { AttemptCounts } from '../../../journal/recent-attempts.js';
import type { Moment } from '../../../shared/clock.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { QueueAges } from '../../../spool/ages.js';
import type { KeptAnswer } from '../../../spool/reasons.js';
import { endpointData } from '../../endpoint-data.js';
import { queuedByAge } from './by-age.js';
import type { EndpointState, EndpointStatus, LastError } from './status-data.js';

/** What is known of an endpoint. */
export interface EndpointFacts {
  queue: QueueAges;
  /** Undefined for one that is not in the hooks file. */
  endpoint: Endpoint | undefined;
  /** Whether a hook is registered with it; undefined where that is not known. */
  isRegistered: boolean | undefined;
  /** Its settings, or the defaults. */
  settings: Omit<Endpoint, 'id' | 'url'>;
  /** How long deliveries of a paused endpoint, or of one that is not registered, are kept, in ms. */
  keepMs: number;
  /** Its attempts of the last minute and of the last hour. */
  attempts: readonly AttemptCounts[] | undefined;
}

/** Maximum length of an answer's beginning, in characters. */
const maxAnswer = 200;

const noAttempts: AttemptCounts = { attempts: 0, failures: 0 };

/** Tells of an endpoint. */
export function endpointStatus(
  facts: EndpointFacts,
  { showUrls, ...moment }: Moment & { showUrls: boolean },
): EndpointStatus {
  const { queue, endpoint, isRegistered, attempts } = facts;
  const { waiting, retrying, dead, health, answer } = queue;
  const known = { id: queue.endpoint, url: endpoint?.url };
  const state = stateOf(facts, moment.now);
  const status: EndpointStatus = {
    endpoint: endpointData(known, showUrls),
    isRegistered,
    state,
    ...stateFacts(facts, state, moment),
    queued: { ...queuedByAge(queue), waiting, retrying },
    lastMinute: attempts?.[0] ?? noAttempts,
    lastHour: attempts?.[1] ?? noAttempts,
    dead,
  };
  const nextTry = nextTryOf(facts, state, moment);
  if (nextTry !== undefined) status.nextTry = isoTime(nextTry);
  const givesUp = oldestGivesUpAt(facts, state, moment);
  if (givesUp !== undefined) status.givesUp = isoTime(givesUp);
  const lastError = lastErrorOf(health, answer);
  if (lastError !== undefined) status.lastError = lastError;
  return status;
}

/** What needs a person comes before what needs time. */
function stateOf({ queue: { health }, isRegistered }: EndpointFacts, now: number): EndpointState {
  if (health.heldSince !== undefined && isRegistered !== true) return 'on-hold';
  if (pausedMs(health, now) > 0) return 'paused';
  if (health.mistake !== undefined) return 'misconfigured';
  if (health.failures) return 'parked';
  if (isInRun(health)) return 'rejecting';
  return health.allowed === undefined ? 'ok' : 'recovering';
}

type StateFacts = Pick<EndpointStatus, 'reason' | 'since' | 'pausedBy' | 'pausedUntil' | 'allowed' | 'limit'>;

function stateFacts({ queue, settings }: EndpointFacts, state: EndpointState, moment: Moment): StateFacts {
  const health = atThisClock(queue.health, moment);
  switch (state) {
    case 'on-hold':
      return { since: timeOf(health.heldSince) };
    case 'paused':
      return pauseFacts(health);
    case 'misconfigured':
      return { reason: health.mistake };
    case 'parked':
      return { reason: health.last, since: timeOf(health.since) };
    case 'rejecting':
      return { reason: queue.answer === undefined ? undefined : String(queue.answer.status) };
    case 'recovering':
      return { allowed: allowedConcurrency(health, settings), limit: limitOf(settings) };
    case 'ok':
      return {};
  }
}

function pauseFacts({ paused = '', pause, since, last }: Health): StateFacts {
  if (pause === undefined)
    return { reason: last ?? paused.replace(/^it answered /, ''), since: timeOf(since) };
  const { by, at, until } = pause;
  const why = /: (.*)$/s.exec(paused)?.[1];
  return { reason: why, since: timeOf(at), pausedBy: by, pausedUntil: timeOf(until) };
}

/** ms since the epoch; undefined where nothing waits for a time. */
function nextTryOf(
  { queue, settings }: EndpointFacts,
  state: EndpointState,
  moment: Moment,
): number | undefined {
  const { health, nextDueMs } = queue;
  if (state === 'parked') return parkedUntil(health, moment, settings) || moment.now;
  if (state === 'rejecting') return moment.now + runPauseMs(health, moment.now);
  if (state === 'paused') return health.pause?.until;
  return state === 'on-hold' || state === 'misconfigured' ? undefined : nextDueMs;
}

function oldestGivesUpAt(
  { queue: { oldestAt, health }, settings, keepMs }: EndpointFacts,
  state: EndpointState,
  moment: Moment,
): number | undefined {
  if (oldestAt === undefined || state === 'misconfigured') return undefined;
  const isOnHold = state === 'on-hold';
  return givesUpAt(health, { acceptedAt: oldestAt, settings, keepMs, isOnHold, ...moment });
}

function lastErrorOf(health: Health, answer: KeptAnswer | undefined): LastError | undefined {
  const what = health.last ?? health.mistake;
  const isOfAnswer = answer !== undefined && (what === undefined || what === String(answer.status));
  if (!isOfAnswer) return what === undefined ? undefined : { what };
  const { status, time, body } = answer;
  const error: LastError = { what: String(status), time };
  const line = body?.replace(/\s+/g, ' ').trim().slice(0, maxAnswer);
  if (line) error.answer = line;
  return error;
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : isoTime(ms);
}
