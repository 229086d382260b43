/** Limits how many callers run at the same time; the others wait in order. */
export interface Semaphore {
  /** Waits for a free slot. @returns the function that frees it again */
  acquire(): Promise<() => void>;
}

/** @param slots maximum number of callers that hold the semaphore at the same time */
export function createSemaphore(slots: number): Semaphore {
  const waiting: Array<() => void> = [];
  let free = slots;

  function release(): void {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }

  return {
    async acquire() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return release;
    },
  };
}
