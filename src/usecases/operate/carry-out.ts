/** Carries out a wish, a bounded step at a time: the same beside a drain's sending and where nobody drains. */
import { afterPause, afterResume, afterRetry } from '../../endpoint/by-hand.js';
import type { Health } from '../../endpoint/health.js';
import type { EventHeader } from '../../event/event.js';
import type { Journal } from '../../journal/journal.js';
import type { Clock } from '../../shared/clock.js';
import { isoTime } from '../../shared/iso-time.js';
import type { Discarded, DiscardRequest, DrainSide, Imported, Retried, Wish } from '../../spool/spool.js';
import type {
  DeregisterWish,
  DropWish,
  ExportWish,
  ImportWish,
  ReplayWish,
  RetryWish,
} from '../../spool/wish.js';

/** The wishes that move entries to the dead. */
export type MovingWish = DeregisterWish | DropWish | ExportWish;

/** The wishes that change endpoints, and no entry. */
export type EndpointWish = Extract<Wish, { kind: 'pause' | 'resume' }>;

/** What one step has done. */
export interface Step extends Discarded {
  /** Ids of endpoints that may be tried now, or not any more. */
  changed: readonly string[];
}

export interface CarryOutPorts {
  side: Pick<DrainSide, 'discard' | 'retry' | 'replay' | 'import' | 'byId'>;
  clock: Pick<Clock, 'now'>;
  journal: Pick<Journal, 'write'>;
  /** Whether a delivery is registered, by the hooks as they are now. */
  isRegistered: IsRegistered;
}

export type IsRegistered = (event: EventHeader, endpoint: string) => boolean;

/** A wish that is being carried out; the next step at each call, until one is done. */
export type Steps = () => Promise<Step>;

/** Begins to carry out a wish, and notes in the journal what it moves. @throws from the steps: the errors of the spool */
export function carryOut(wish: Wish, ports: CarryOutPorts): Steps {
  if (isMoving(wish)) return moveAll(wish, ports);
  if (wish.kind === 'replay') return replayAll(wish, ports);
  if (wish.kind === 'import') return importAll(wish, ports);
  return wish.kind === 'retry' ? retryAll(wish, ports) : () => changeEndpoints(wish, ports);
}

/** Whether a wish moves entries to the dead. */
export function isMoving(wish: Wish): wish is MovingWish {
  return wish.kind === 'deregister' || wish.kind === 'drop' || wish.kind === 'export';
}

/** What a wish moves to the dead. Pure. @param options.now ms since the epoch */
export function discardRequestOf(
  wish: MovingWish,
  { isRegistered, now }: { isRegistered: IsRegistered; now: number },
): DiscardRequest {
  const { select } = wish;
  const why = { ...burialOf(wish), time: isoTime(now) };
  if (wish.kind === 'deregister') return { select, stays: isRegistered, why };
  // What is fired while the walk lasts stays.
  const before = Math.min(select.before ?? Infinity, now + 1);
  return { select: { ...select, before }, incoming: true, why };
}

/** Why a delivery is dead that such a wish names. Pure. */
export function burialOf(wish: MovingWish): {
  reason: 'deregistered' | 'dropped' | 'exported';
  message: string;
} {
  if (wish.kind === 'deregister') return { reason: 'deregistered', message: 'it was deregistered' };
  if (wish.kind === 'export') return { reason: 'exported', message: `${wish.by} exported it` };
  return { reason: 'dropped', message: `${wish.by} dropped it` };
}

function moveAll(wish: MovingWish, { side, clock, journal, isRegistered }: CarryOutPorts): Steps {
  const request = discardRequestOf(wish, { isRegistered, now: clock.now() });
  return async () => {
    const step = await side.discard(request);
    const [time, what] = [isoTime(clock.now()), burialOf(wish).reason];
    for (const { event, hook, endpoint, events } of step.entries)
      journal.write({ time, what, event, hook, endpoint, count: events === 1 ? undefined : events });
    // What is in flight is not waited for: it is delivered, or stays queued here.
    const claimed = wish.kind === 'export' ? [] : step.claimed;
    return { ...step, claimed, changed: [] };
  };
}

function retryAll({ select }: RetryWish, ports: CarryOutPorts): Steps {
  const { side } = ports;
  const request = { select };
  const tried = new Set<string>();
  const next = queueAgain('retried', () => side.retry(request), ports);
  return async () => {
    const step = await next();
    const changed = step.changed.filter((id) => !tried.has(id));
    for (const id of changed) {
      tried.add(id);
      const before = side.byId.health(id);
      const after = afterRetry(before);
      if (after !== before) await side.byId.saveHealth(id, after, { isImmediate: true });
    }
    return { ...step, changed };
  };
}

function replayAll({ select, rate }: ReplayWish, ports: CarryOutPorts): Steps {
  const request = { select, rate, isWanted: ports.isRegistered };
  return queueAgain('replayed', () => ports.side.replay(request), ports);
}

function importAll({ archive }: ImportWish, ports: CarryOutPorts): Steps {
  const request = { archive };
  return queueAgain('imported', () => ports.side.import(request), ports);
}

/** Makes the steps that put something into queues. @param what it is in the journal */
function queueAgain(
  what: 'retried' | 'replayed' | 'imported',
  next: () => Promise<Retried | Imported>,
  { clock, journal }: CarryOutPorts,
): Steps {
  return async () => {
    const { entries, endpoints, ...step } = await next();
    const time = isoTime(clock.now());
    for (const { event, hook, endpoint } of entries) journal.write({ time, what, event, hook, endpoint });
    return { ...step, entries, claimed: [], changed: endpoints };
  };
}

async function changeEndpoints(wish: EndpointWish, { side, clock }: CarryOutPorts): Promise<Step> {
  for (const id of wish.select.endpoints)
    await side.byId.saveHealth(id, changed(side.byId.health(id), wish, clock.now()), { isDurable: true });
  const { endpoints } = wish.select;
  return { entries: [], claimed: [], quarantined: [], changed: endpoints, isDone: true };
}

function changed(health: Health, wish: EndpointWish, now: number): Health {
  if (wish.kind === 'resume') return afterResume(health);
  const { by, why, until } = wish;
  return afterPause(health, until === undefined ? { by, why, at: now } : { by, why, at: now, until });
}
