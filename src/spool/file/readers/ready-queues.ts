/** The queues that wait to be acquired, in the order in which they became ready, and those that will, by time. */
import { createHeap } from '../../../shared/heap.js';
import { anyTime, type EndpointQueue } from './endpoint-queue.js';

export interface ReadyQueues {
  /** A queue may be acquired from `at` on, ms since the epoch; never with `Infinity`. */
  add(queue: EndpointQueue, at: number): void;
  /** A queue is not to be acquired any more, unless it is added again. */
  remove(queue: EndpointQueue): void;
  /** Removes and returns queues that may be acquired at `now`. */
  take(options: { limit: number; now: number }): EndpointQueue[];
  /** When `take` has something next, ms since the epoch; undefined where nothing is waited for. */
  nextAt(): number | undefined;
}

const none: EndpointQueue[] = [];

/** Makes the record of the queues that wait to be acquired. */
export function createReadyQueues(): ReadyQueues {
  let listed: EndpointQueue[] = [];
  /** Some are there that have another time by now, or none: only its time in the queue counts. */
  const later = createHeap<EndpointQueue>();
  let lastNow = anyTime;

  function list(queue: EndpointQueue): void {
    queue.wakesAt = undefined;
    queue.isListed = true;
    listed.push(queue);
  }

  function listDue(now: number): void {
    for (let first = later.first(); first !== undefined && first.at <= now; first = later.first()) {
      later.pop();
      if (first.item.wakesAt === first.at) list(first.item);
    }
  }

  return {
    add(queue, at) {
      if (queue.isListed || (queue.wakesAt !== undefined && queue.wakesAt <= at)) return;
      if (at <= lastNow) list(queue);
      else if (at < Infinity) {
        queue.wakesAt = at;
        later.push(at, queue);
      }
    },
    remove(queue) {
      queue.wakesAt = undefined;
      queue.isListed = false;
    },
    take({ limit, now }) {
      listDue(now);
      lastNow = now;
      if (listed.length === 0) return none;
      // One that was removed stays in the list until then, and may be there twice.
      const waiting = listed.filter((queue) => queue.isListed);
      const taken: EndpointQueue[] = [];
      listed = [];
      for (const queue of waiting) {
        if (!queue.isListed) continue;
        if (taken.length >= limit) {
          listed.push(queue);
          continue;
        }
        queue.isListed = false;
        taken.push(queue);
      }
      return taken;
    },
    nextAt() {
      if (listed.length > 0) return lastNow;
      for (let first = later.first(); first !== undefined; first = later.first()) {
        if (first.item.wakesAt === first.at) return first.at;
        later.pop();
      }
      return undefined;
    },
  };
}
