/** Ends what is queued for an endpoint: under the lock, or by asking the drain that runs. */
import { setTimeout } from 'node:timers/promises';
import { createFileJournal } from '../journal/file-journal.js';
import { monotonicMs } from '../shared/monotonic.js';
import type { ControlRequest, DiscardRequest, Lease, Spool } from '../spool/spool.js';

export interface Ending {
  /** The spool's directory. */
  root: string;
  request: ControlRequest;
  discard: DiscardRequest;
}

export interface WaitOptions {
  /** Called once, where a running drain takes longer than two seconds and is still at work. */
  onWaiting?: (() => void) | undefined;
  /** Monotonic time in ms; for tests. */
  now?: () => number;
  /** Waits for so many ms; for tests. */
  sleep?: (ms: number) => Promise<void>;
}

/** How long a drain that makes no progress is waited for, in ms, and how often it is looked after. */
const waitMs = 15_000;
const pollMs = 50;

/** After so long it is told that a drain is at work, in ms. */
const tellAfterMs = 2_000;

/** How often the lock is tried, in polls: the drain may have ended. */
const pollsPerTry = 10;

/**
 * Moves them to the dead under the lock, or has it done by the drain that runs, for as long as that makes progress.
 * @returns false if that one has made no progress for 15 s; the request stays
 * @throws CapnhookError as the spool's methods
 */
export async function endDeliveries(
  spool: Spool,
  ending: Ending,
  { onWaiting, now = monotonicMs, sleep = setTimeout }: WaitOptions = {},
): Promise<boolean> {
  if (await endUnderLock(spool, ending)) return true;
  const { id } = ending.request;
  await spool.request(ending.request);
  const tellAt = now() + tellAfterMs;
  let seen = await spool.requestProgress(id);
  let progressAt = now();
  let isTold = false;
  for (let polls = 1; seen !== undefined; polls += 1) {
    await sleep(pollMs);
    if (polls % pollsPerTry === 0 && (await endUnderLock(spool, ending))) return true;
    const progress = await spool.requestProgress(id);
    if (progress !== seen) {
      seen = progress;
      progressAt = now();
      if (seen !== undefined && !isTold && now() >= tellAt) {
        isTold = true;
        onWaiting?.();
      }
    } else if (now() - progressAt >= waitMs) return false;
  }
  return true;
}

/** False if a drain is running. */
async function endUnderLock(spool: Spool, { root, request, discard }: Ending): Promise<boolean> {
  const leased = await spool.lease('deregister');
  if (leased.held) return false;
  try {
    await discardAll(leased.lease, root, discard);
    if (await spool.hasRequest(request.id)) leased.lease.finishRequest(request.id);
  } finally {
    await leased.lease.close();
  }
  return true;
}

async function discardAll(lease: Lease, root: string, request: DiscardRequest): Promise<void> {
  const journal = createFileJournal(`${root}/journal`, () => {});
  try {
    for (let isDone = false; !isDone; ) {
      const step = await lease.discard(request);
      const time = new Date().toISOString();
      for (const { event, hook, endpoint } of step.entries)
        journal.write({ time, what: 'deregistered', event, hook, endpoint });
      isDone = step.isDone;
    }
  } finally {
    journal.close();
  }
}
