/**
 * Look-ups of host names, a limited number at a time. Look-ups that hang make
 * room when others wait, so that a silent name server holds up only the names
 * that it should answer for.
 */
import type { RunningLookup, StartLookup } from './system-lookup.js';

/** A name whose addresses are asked for. */
export interface Lookup {
  readonly name: string;
  /** When its last look-up got no answer; absent if it got one. */
  failedAt?: number;
}

export interface LookupQueue {
  /** Looks a name up when its turn comes: names that got no answer the last time wait for all others. */
  run(lookup: Lookup): Promise<readonly string[]>;
  /** Whether the look-up has not begun. */
  isWaiting(lookup: Lookup): boolean;
  /** Ends all look-ups. */
  close(): void;
}

/** A look-up that takes longer makes room for one that waits, in ms. A resolver leaves a silent server after 5 s. */
const hangsAfterMs = 7_000;
/** A look-up ends after this, whether or not an attempt waits for it, in ms. */
const longestLookupMs = 60_000;
/** Shortest time between two looks at what hangs, in ms. */
const shortestTimerMs = 10;

export interface LookupQueueOptions {
  start: StartLookup;
  /** Maximum look-ups at a time. */
  maxLookups: number;
  /** Monotonic time in ms. */
  now(): number;
}

interface Running {
  lookup: RunningLookup;
  startedAt: number;
}

/** Makes a queue. */
export function createLookupQueue({ start, maxLookups, now }: LookupQueueOptions): LookupQueue {
  const running = new Map<Lookup, Running>();
  /** Look-ups that have not begun, and what begins each of them. */
  const waiting = new Map<Lookup, () => void>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function startNext(): void {
    clearTimeout(timer);
    while (!isClosed && waiting.size > 0 && (running.size < maxLookups || makeRoom())) {
      const [next] = [...waiting.keys()].sort((a, b) => (a.failedAt ?? 0) - (b.failedAt ?? 0));
      const begin = waiting.get(next!)!;
      waiting.delete(next!);
      begin();
    }
    const [oldest] = running.values();
    if (oldest === undefined) return;
    const limitMs = waiting.size > 0 ? hangsAfterMs : longestLookupMs;
    timer = setTimeout(onTimer, Math.max(oldest.startedAt + limitMs - now(), shortestTimerMs));
    timer.unref();
  }

  function onTimer(): void {
    const [oldest] = running.values();
    if (oldest !== undefined && now() - oldest.startedAt >= longestLookupMs) oldest.lookup.cancel();
    startNext();
  }

  function makeRoom(): boolean {
    const [oldest] = running;
    if (oldest === undefined || now() - oldest[1].startedAt < hangsAfterMs) return false;
    running.delete(oldest[0]);
    oldest[1].lookup.cancel();
    return true;
  }

  function begun(lookup: Lookup): Promise<Running> {
    return new Promise((resolve) => {
      waiting.set(lookup, () => {
        const mine = { lookup: start(lookup.name), startedAt: now() };
        running.set(lookup, mine);
        resolve(mine);
      });
      startNext();
    });
  }

  return {
    async run(lookup) {
      const mine = await begun(lookup);
      try {
        return await mine.lookup.addresses;
      } finally {
        if (running.get(lookup) === mine) running.delete(lookup);
        startNext();
      }
    },
    isWaiting: (lookup) => waiting.has(lookup),
    close() {
      isClosed = true;
      clearTimeout(timer);
      for (const { lookup } of running.values()) lookup.cancel();
      waiting.clear();
    },
  };
}
