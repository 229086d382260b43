import type { Delivery } from '../../../spool/spool.js';
import type { EndpointLabel } from '../ports.js';
import { excerptOf, withExcerpt } from './answer.js';
import type { Burial } from './finished-attempt.js';

/** Deliveries of an endpoint that were given up for one reason. */
export interface GivenUp {
  endpoint: EndpointLabel;
  reason: string;
  count: number;
}

export interface GivenUpCounts {
  add(delivery: Delivery, burial: Burial, label: EndpointLabel): void;
  /** Removes and returns what was counted. */
  take(): GivenUp[];
}

/** Makes counts of given-up deliveries by endpoint and message, so that one notice reports many. */
export function createGivenUpCounts(): GivenUpCounts {
  const counts = new Map<string, GivenUp>();

  return {
    add(delivery, { message, result }, label) {
      const key = `${delivery.endpoint} ${message}`;
      const before = counts.get(key);
      const excerpt = result && excerptOf(result);
      counts.set(key, {
        endpoint: label,
        // Answers may differ; the last one stands for all.
        reason: excerpt === undefined ? (before?.reason ?? message) : withExcerpt(message, excerpt),
        count: (before?.count ?? 0) + 1,
      });
    },
    take() {
      const taken = [...counts.values()];
      counts.clear();
      return taken;
    },
  };
}
