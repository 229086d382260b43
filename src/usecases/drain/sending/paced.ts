/** Endpoints that are ours, and wait for their rate. */
import type { Clock } from '../../../shared/clock.js';
import { createHeap } from '../../../shared/heap.js';
import type { EndpointRecord } from './endpoint-records.js';

export interface Paced {
  /** An endpoint waits for `ms`. */
  add(endpoint: EndpointRecord, ms: number): void;
  /** Removes those whose time has come, and gives them to `use`, which may add them again. */
  takeDue(use: (endpoint: EndpointRecord) => void): void;
  /** Time until the first of them, in ms; Infinity if there are none. */
  leftMs(): number;
}

/** Makes a list without endpoints. */
export function createPaced(clock: Clock): Paced {
  /** Only the time in the record counts: an endpoint may have been considered before it. */
  const waiting = createHeap<EndpointRecord>();

  function first(): { at: number; item: EndpointRecord } | undefined {
    for (let next = waiting.first(); next !== undefined; next = waiting.first()) {
      if (next.item.againAt === next.at) return next;
      waiting.pop();
    }
    return undefined;
  }

  return {
    add(endpoint, ms) {
      endpoint.againAt = clock.monotonic() + ms;
      waiting.push(endpoint.againAt, endpoint);
    },
    takeDue(use) {
      const now = clock.monotonic();
      for (let next = first(); next !== undefined && next.at <= now; next = first()) {
        waiting.pop();
        use(next.item);
      }
    },
    leftMs() {
      const next = first();
      return next === undefined ? Infinity : next.at - clock.monotonic();
    },
  };
}
