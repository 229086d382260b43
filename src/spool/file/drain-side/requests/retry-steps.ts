import type { ReplayRequest, Retried, RetryRequest } from '../../../spool.js';
import type { LateSyncs } from '../../disk/late-syncs.js';
import { replayAll } from '../../moves/replay.js';
import { type FoundRetry, retryAll } from '../../moves/retry.js';
import { createWalkSteps } from '../../moves/walk-steps.js';
import type { DrainTools } from '../tools.js';
import { createRetryNotes, type RetryNotes } from './retry-notes.js';

/** Makes a function that makes what a request selects due now, a step each call. @throws from it: the errno of what failed */
export function createRetrySteps(tools: DrainTools): (request: RetryRequest) => Promise<Retried> {
  const { disk, root, now, readers, reader, texts, files } = tools;
  return createSteps(tools, (request, { late, onRetry }) =>
    retryAll(disk, root, {
      request,
      tools: { now, reader, texts, files, late, isClaimed: readers.isOut, onRetry },
    }),
  );
}

/** Makes a function that queues again what a request selects of what was delivered, a step each call. @throws from it: the errno of what failed */
export function createReplaySteps(tools: DrainTools): (request: ReplayRequest) => Promise<Retried> {
  const { disk, root, now, files } = tools;
  return createSteps(tools, (request, { late, onRetry }) =>
    replayAll(disk, root, { request, tools: { now, files, late, onRetry } }),
  );
}

/** @param begin begins a walk, which tells what it is given of what it moves */
function createSteps<Request extends object>(
  tools: DrainTools,
  begin: (request: Request, told: Pick<RetryNotes, 'onRetry'> & { late: LateSyncs }) => Iterator<FoundRetry>,
): (request: Request) => Promise<Retried> {
  const { disk, quarantined } = tools;
  const { onRetry, reload } = createRetryNotes(tools);
  const step = createWalkSteps<Request, FoundRetry>(disk, async (request, late) =>
    begin(request, { late, onRetry }),
  );

  return async (request) => {
    try {
      const { found, isDone } = await step(request);
      if (isDone) reload();
      const entries = found.flatMap(({ entry }) => entry ?? []);
      const endpoints = [...new Set(found.flatMap(({ endpoint }) => endpoint ?? []))];
      return { entries, endpoints, isDone, quarantined: quarantined.splice(0) };
    } catch (error) {
      reload();
      throw error;
    }
  };
}
