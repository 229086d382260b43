import { monotonicMs } from '../../../shared/monotonic.js';
import type { Disk } from '../disk/disk.js';
import { createLateSyncs, type LateSyncs } from '../disk/late-syncs.js';

/** Maximum time of one step, in ms: others wait to be sent to. */
const maxStepMs = 30;

/** What a step has found, and whether its walk has ended. */
export interface WalkStep<Found> {
  found: readonly Found[];
  isDone: boolean;
}

/**
 * Makes a function that walks on for a bounded time at each call, a walk for each request. What a step has moved is
 * durable when it resolves, or rejects for another reason.
 * @param begin begins a walk, which tells `late` of what it moves
 * @throws from it: the errno of what failed
 */
export function createWalkSteps<Request extends object, Found>(
  disk: Disk,
  begin: (request: Request, late: LateSyncs) => Promise<Iterator<Found>>,
): (request: Request) => Promise<WalkStep<Found>> {
  const late = createLateSyncs(disk);
  /** Walks that have begun, by their requests. */
  const walks = new WeakMap<Request, Iterator<Found>>();

  return async (request) => {
    const walk = walks.get(request) ?? (await begin(request, late));
    walks.set(request, walk);
    try {
      return walkOn(walk);
    } finally {
      await late.flush();
    }
  };
}

function walkOn<Found>(walk: Iterator<Found>): WalkStep<Found> {
  const found: Found[] = [];
  const until = monotonicMs() + maxStepMs;
  for (;;) {
    const { value, done } = walk.next();
    if (done) return { found, isDone: true };
    found.push(value);
    if (monotonicMs() > until) return { found, isDone: false };
  }
}
