import type { ReplayRequest, Retried } from '../../../spool.js';
import { type FoundSent, replayAll } from '../../moves/replay.js';
import { createWalkSteps } from '../../moves/walk-steps.js';
import type { DrainTools } from '../tools.js';
import { createRetryNotes } from './retry-steps.js';

/** Makes a function that queues again what a request selects of what was delivered, a step each call. @throws from it: the errno of what failed */
export function createReplaySteps(tools: DrainTools): (request: ReplayRequest) => Promise<Retried> {
  const { disk, root, now, files, quarantined } = tools;
  const { onRetry, reload } = createRetryNotes(tools);

  const step = createWalkSteps<ReplayRequest, FoundSent>(disk, async (request, late) => {
    return replayAll(disk, root, { request, tools: { now, files, late, onRetry } });
  });

  return async (request) => {
    try {
      const { found, isDone } = await step(request);
      if (isDone) reload();
      const entries = found.flatMap(({ entry }) => entry ?? []);
      const endpoints = [...new Set(entries.flatMap(({ endpoint }) => endpoint ?? []))];
      return { entries, endpoints, isDone, quarantined: quarantined.splice(0) };
    } catch (error) {
      reload();
      throw error;
    }
  };
}
