/**
 * Moving the deliveries of a deregistered endpoint to `dead/`: under the drain's
 * lock, or by a request to the drain that holds it.
 */
import type { Journal } from '../../journal/journal.js';
import type { Clock } from '../../shared/clock.js';
import { isoTime } from '../../shared/iso-time.js';
import type { ControlRequest, DiscardRequest, Lease, Spool } from '../../spool/spool.js';

export interface MovePorts {
  spool: Pick<Spool, 'lease' | 'request' | 'hasRequest' | 'requestProgress'>;
  clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
  /** Opens the journal; it is closed after the move. */
  openJournal(): Journal;
}

/** What to move. */
export interface Move {
  /** As a running drain is asked for it. */
  request: ControlRequest;
  /** The same, for the holder of the lock. */
  discard: DiscardRequest;
  /** Called once, where a running drain takes longer than two seconds and is still at work. */
  onWaiting?: (() => void) | undefined;
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
 * Moves deliveries to `dead/`, or has a running drain move them for as long as that makes progress.
 * @returns false if that one has made no progress for 15 s; the request stays
 * @throws CapnhookError as the spool's methods
 */
export async function moveToDead(ports: MovePorts, move: Move): Promise<boolean> {
  const { spool, clock, sleep } = ports;
  if (await moveUnderLock(ports, move)) return true;
  const { id } = move.request;
  await spool.request(move.request);
  const noticeAt = clock.monotonic() + noticeAfterMs;
  let seen = await spool.requestProgress(id);
  let progressAt = clock.monotonic();
  let isNoticeDue = true;
  for (let polls = 1; seen !== undefined; polls += 1) {
    await sleep(pollMs);
    if (polls % pollsPerTry === 0 && (await moveUnderLock(ports, move))) return true;
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
    move.onWaiting?.();
  }
  return true;
}

/** @returns false if a drain is running */
async function moveUnderLock(ports: MovePorts, { request, discard }: Move): Promise<boolean> {
  const leased = await ports.spool.lease('deregister');
  if (leased.held) return false;
  try {
    await discardAll(ports, leased.lease, discard);
    if (await ports.spool.hasRequest(request.id)) leased.lease.finishRequest(request.id);
  } finally {
    await leased.lease.close();
  }
  return true;
}

async function discardAll(
  { clock, openJournal }: MovePorts,
  lease: Lease,
  request: DiscardRequest,
): Promise<void> {
  const journal = openJournal();
  try {
    for (let isDone = false; !isDone; ) {
      const step = await lease.discard(request);
      const time = isoTime(clock.now());
      for (const { event, hook, endpoint } of step.entries)
        journal.write({ time, what: 'deregistered', event, hook, endpoint });
      isDone = step.isDone;
    }
  } finally {
    journal.close();
  }
}
