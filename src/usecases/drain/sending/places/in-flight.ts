/** The attempts in flight, including those whose result the spool has not recorded yet. */
import type { Share } from './endpoint-shares.js';
import type { Shares } from './shares.js';

export interface InFlight<Endpoint> {
  /** Takes a place for an attempt. @param cutOff lets it give way to others @returns ends the attempt */
  enter(endpoint: Endpoint, cutOff?: () => void): () => void;
  /** Resolves when nothing is in flight. */
  settled(): Promise<void>;
}

/** Makes the record of attempts in flight. @param onChange called when one has ended, and its place is free */
export function createInFlight<Endpoint extends Share>(
  shares: Pick<Shares<Endpoint>, 'enter' | 'count'>,
  onChange: (endpoint: Endpoint) => void,
): InFlight<Endpoint> {
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
