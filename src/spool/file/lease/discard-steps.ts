import { monotonicMs } from '../../../shared/monotonic.js';
import type { ClaimedEntry, Discarded, DiscardedEntry, DiscardRequest } from '../../spool.js';
import { createLateSyncs, type LateSyncs } from '../disk/late-syncs.js';
import { discardAll, type Found } from './discard.js';
import type { LeaseTools } from './tools.js';

/** Maximum time of one step, in ms: others wait to be sent to. */
const maxStepMs = 30;

/** Makes a function that moves what a request matches to the dead, a step each call. @throws from it: the errno of what failed */
export function createDiscardSteps(tools: LeaseTools): (request: DiscardRequest) => Promise<Discarded> {
  const { disk, root, now, inbox, intake, readers, reader, texts, files, quarantined } = tools;
  const late = createLateSyncs(disk);
  /** Walks that have begun, by their requests. */
  const walks = new WeakMap<DiscardRequest, Iterator<Found>>();

  async function walkOf(request: DiscardRequest): Promise<Iterator<Found>> {
    const begun = walks.get(request);
    if (begun !== undefined) return begun;
    await intake.placeRest();
    const isSent = (name: string) => inbox.find(name) !== undefined;
    const moving = { files, late };
    const walkTools = { now, reader, texts, moving, isClaimed: readers.isOut, isSent, sent: inbox.handedOut };
    const walk = discardAll(disk, root, { request, tools: walkTools });
    walks.set(request, walk);
    return walk;
  }

  return async (request) => {
    const walk = await walkOf(request);
    try {
      const step = await takeStep(walk, late);
      if (step.isDone) readers.reload(request.select.endpoints);
      return { ...step, quarantined: quarantined.splice(0) };
    } catch (error) {
      readers.reload(request.select.endpoints);
      throw error;
    }
  };
}

/** Walks on for a bounded time; what it has moved is durable when this resolves, or rejects for another reason. */
async function takeStep(walk: Iterator<Found>, late: LateSyncs): Promise<Omit<Discarded, 'quarantined'>> {
  try {
    return walkOn(walk);
  } finally {
    await late.flush();
  }
}

function walkOn(walk: Iterator<Found>): Omit<Discarded, 'quarantined'> {
  const entries: DiscardedEntry[] = [];
  const claimed: ClaimedEntry[] = [];
  const until = monotonicMs() + maxStepMs;
  for (;;) {
    const { value, done } = walk.next();
    if (done) return { entries, claimed, isDone: true };
    if (value.entry !== undefined) entries.push(value.entry);
    if (value.claimed !== undefined) claimed.push(value.claimed);
    if (monotonicMs() > until) return { entries, claimed, isDone: false };
  }
}
