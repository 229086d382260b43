import type { Retried, RetryRequest } from '../../../spool.js';
import { type FoundRetry, retryAll } from '../../moves/retry.js';
import { createWalkSteps } from '../../moves/walk-steps.js';
import type { DrainTools } from '../tools.js';

/** Makes a function that makes what a request selects due now, a step each call. @throws from it: the errno of what failed */
export function createRetrySteps(tools: DrainTools): (request: RetryRequest) => Promise<Retried> {
  const { disk, root, now, readers, reader, texts, files, quarantined } = tools;
  const { onRetry, reload } = createRetryNotes(tools);

  const step = createWalkSteps<RetryRequest, FoundRetry>(disk, async (request, late) => {
    const isClaimed = readers.isOut;
    return retryAll(disk, root, { request, tools: { now, reader, texts, files, late, isClaimed, onRetry } });
  });

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

/** Makes what tells the readers of retries that were put into their directories. */
export function createRetryNotes({ readers }: Pick<DrainTools, 'readers'>): {
  /** A retry was put there. */
  onRetry(endpoint: string, name: string): void;
  /** Has the directories listed again. */
  reload(): void;
} {
  const moved = new Set<string>();
  return {
    onRetry(endpoint, name) {
      moved.add(endpoint);
      readers.deferred(readers.of(endpoint), name);
    },
    reload() {
      if (moved.size > 0) readers.reload([...moved]);
      moved.clear();
    },
  };
}
