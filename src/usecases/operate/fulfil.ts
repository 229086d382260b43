/** Fulfilling a wish: under the drain's lock, or by a request to the drain that holds it. */
import type { Journal } from '../../journal/journal.js';
import type { Clock } from '../../shared/clock.js';
import { isoTime } from '../../shared/iso-time.js';
import type { ControlRequest, DrainSide, Spool } from '../../spool/spool.js';
import { carryOut, type IsRegistered, type Step } from './carry-out.js';

export interface FulfilPorts {
  spool: Pick<Spool, 'join' | 'request' | 'hasRequest' | 'requestProgress'>;
  clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
  /** Opens the journal; it is closed afterwards. */
  openJournal(): Journal;
}

export interface FulfilOptions {
  /** Whether a delivery is registered, for the holder of the lock. */
  isRegistered: IsRegistered;
  /** Called once, where a running drain takes longer than two seconds and is still at work. */
  onWaiting?: (() => void) | undefined;
  /** Called for each step that is made here; a drain's steps are not told. */
  onStep?: ((step: Step) => void) | undefined;
  /** Awaited before a drain that runs is asked. */
  beforeAsking?: (() => Promise<void>) | undefined;
}

/** Maximum wait for a running drain that makes no progress, in ms. */
const waitMs = 15_000;

/** Interval between two looks at the request, in ms. */
const pollMs = 50;

/** Wait after which `onWaiting` is called, in ms. */
const noticeAfterMs = 2_000;

/** Polls between two tries for the lock: the drain may have ended. */
const pollsPerTry = 10;

/**
 * Carries out a wish, or has a running drain do it for as long as that makes progress.
 * @returns false if that one has made no progress for 15 s; the request stays
 * @throws CapnhookError as the spool's methods
 */
export async function fulfil(
  ports: FulfilPorts,
  request: ControlRequest,
  options: FulfilOptions,
): Promise<boolean> {
  const { spool, clock, sleep } = ports;
  if (await fulfilUnderLock(ports, request, options)) return true;
  const { id } = request;
  await options.beforeAsking?.();
  await spool.request(request);
  const noticeAt = clock.monotonic() + noticeAfterMs;
  let seen = await spool.requestProgress(id);
  let progressAt = clock.monotonic();
  let isNoticeDue = true;
  for (let polls = 1; seen !== undefined; polls += 1) {
    await sleep(pollMs);
    if (polls % pollsPerTry === 0 && (await fulfilUnderLock(ports, request, options))) return true;
    const progress = await spool.requestProgress(id);
    const now = clock.monotonic();
    if (progress === seen) {
      if (now - progressAt >= waitMs) return false;
      continue;
    }
    seen = progress;
    progressAt = now;
    if (seen === undefined || !isNoticeDue || now < noticeAt) continue;
    isNoticeDue = false;
    options.onWaiting?.();
  }
  return true;
}

/** @returns false if a drain is running */
async function fulfilUnderLock(
  ports: FulfilPorts,
  request: ControlRequest,
  options: FulfilOptions,
): Promise<boolean> {
  const result = await ports.spool.join(request.wish.kind);
  if (!result.joined) return false;
  try {
    await carryOutAll(ports, result.side, { request, options });
    if (await ports.spool.hasRequest(request.id)) result.side.finishRequest(request.id);
  } finally {
    await result.side.close();
  }
  return true;
}

async function carryOutAll(
  { clock, openJournal }: FulfilPorts,
  side: DrainSide,
  { request, options }: { request: ControlRequest; options: FulfilOptions },
): Promise<void> {
  const { isRegistered, onStep } = options;
  const journal = openJournal();
  try {
    const next = carryOut(request.wish, { side, clock, journal, isRegistered });
    for (let isDone = false; !isDone; ) {
      const step = await next();
      const time = isoTime(clock.now());
      for (const { name, reason } of step.quarantined)
        journal.write({ time, what: 'corrupt', event: name, error: reason });
      onStep?.(step);
      isDone = step.isDone;
    }
  } finally {
    journal.close();
  }
}
