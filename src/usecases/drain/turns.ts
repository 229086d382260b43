/** Whose turn it is: round robin, so that none waits for another's backlog. */
export interface Turns {
  /** It gets a turn after all that have one already. */
  add(endpoint: string): void;
  /** Takes the next turn, if there is one. */
  next(): string | undefined;
}

/** Nobody's turn. */
export function createTurns(): Turns {
  const waiting = new Set<string>();
  return {
    add: (endpoint) => void waiting.add(endpoint),
    next() {
      const [endpoint] = waiting;
      if (endpoint !== undefined) waiting.delete(endpoint);
      return endpoint;
    },
  };
}
