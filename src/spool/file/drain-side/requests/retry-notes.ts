import type { DrainTools } from '../tools.js';

/** What the readers are told of retries that were put into their directories. */
export interface RetryNotes {
  /** A retry was put there. */
  onRetry(endpoint: string, name: string): void;
  /** Has the directories listed again. */
  reload(): void;
}

/** Makes what tells the readers of retries. */
export function createRetryNotes({ readers }: Pick<DrainTools, 'readers'>): RetryNotes {
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
