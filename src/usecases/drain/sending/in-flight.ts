/** What is in flight: attempts under way, and those whose delivery the spool has not settled yet. */
import type { Shares } from './shares.js';

export interface InFlight {
  /** One more, with a place of its endpoint; returns how it ends. @param cutOff lets it give way to others */
  enter(endpoint: string, cutOff?: () => void): () => void;
  /** Resolves when nothing is in flight any more. */
  settled(): Promise<void>;
}

/** Counts what is in flight. @param onChange told when one is over, and its place free */
export function createInFlight(shares: Shares, onChange: (endpoint: string) => void): InFlight {
  let waiting: Array<() => void> = [];

  return {
    enter(endpoint, cutOff) {
      const leave = shares.enter(endpoint, cutOff);
      return () => {
        leave();
        onChange(endpoint);
        if (shares.count() > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      };
    },
    settled: () =>
      shares.count() === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  };
}
