/** What is in flight: attempts under way, and those whose delivery the spool has not settled yet. */
export interface InFlight {
  /** How many there are, over all endpoints. */
  count(): number;
  /** The bytes of their payloads, of those that were counted. */
  bytes(): number;
  /** How many places an endpoint has taken. */
  at(endpoint: string): number;
  /** One more, with a place at its endpoint. */
  enter(endpoint: string, bytes: number): Flight;
  /** Resolves when nothing is in flight any more. */
  settled(): Promise<void>;
}

/** One that is in flight. */
export interface Flight {
  /** Gives up its place at its endpoint; nothing happens if it has none any more. */
  leaveEndpoint(): void;
  /** It is over; its place is given up, too. */
  end(): void;
}

/** Nothing is in flight. @param onChange told when a place has become free, and when one is over */
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
      let hasPlace = true;
      return {
        leaveEndpoint() {
          if (!hasPlace) return;
          hasPlace = false;
          leave(endpoint);
          onChange(endpoint);
        },
        end() {
          count -= 1;
          bytes -= size;
          if (hasPlace) leave(endpoint);
          hasPlace = false;
          onChange(endpoint);
          if (count > 0) return;
          for (const resolve of waiting) resolve();
          waiting = [];
        },
      };
    },
    settled: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
