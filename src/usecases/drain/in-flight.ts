/** What is in flight: attempts under way, and those whose delivery the spool has not settled yet. */
export interface InFlight {
  /** How many there are, over all endpoints. */
  count(): number;
  /** The bytes of their payloads, of those that were counted. */
  bytes(): number;
  /** How many places an endpoint has taken. */
  at(endpoint: string): number;
  /** One more, with a place at its endpoint; returns how it ends. */
  enter(endpoint: string, bytes: number): () => void;
  /** Resolves when nothing is in flight any more. */
  settled(): Promise<void>;
}

/** Nothing is in flight. @param onChange told when one is over, and its place free */
export function createInFlight(onChange: (endpoint: string) => void): InFlight {
  const places = new Map<string, number>();
  let count = 0;
  let bytes = 0;
  let waiting: Array<() => void> = [];

  function leave(endpoint: string): void {
    const left = (places.get(endpoint) ?? 1) - 1;
    if (left === 0) places.delete(endpoint);
    else places.set(endpoint, left);
  }

  return {
    count: () => count,
    bytes: () => bytes,
    at: (endpoint) => places.get(endpoint) ?? 0,
    enter(endpoint, size) {
      count += 1;
      bytes += size;
      places.set(endpoint, (places.get(endpoint) ?? 0) + 1);
      return () => {
        count -= 1;
        bytes -= size;
        leave(endpoint);
        onChange(endpoint);
        if (count > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      };
    },
    settled: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
