/**
 * Host names and their addresses. Look-ups of one name are shared. The last
 * good answer serves while a new one is slow.
 */
import { errnoOf } from '../../shared/errors.js';
import { monotonicMs } from '../../shared/monotonic.js';
import { createLookupQueue, type Lookup } from './lookup-queue.js';
import { lookupError, type StartLookup } from './system-lookup.js';

export interface Names {
  /**
   * Finds a name's addresses, in the system's order of preference.
   * @throws Error with the code `ENOTFOUND`, `EAI_AGAIN`, or {@link nameServiceDown}; the signal's reason
   */
  addressesOf(name: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<readonly string[]>;
  /** The code of an attempt that still waits for this name: `EAI_AGAIN`, or {@link nameServiceDown}. */
  lateCode(name: string): string;
  /** Ends all look-ups. */
  close(): void;
}

/** Code of an attempt that got no address because no name got one: this machine's trouble. */
export const nameServiceDown = 'NAME_SERVICE';

/** Time for which an answer is taken without asking again, in ms. */
const freshMs = 10_000;
/** Time for which an answer serves where a new one does not come, in ms. */
const staleMs = 3_600_000;
/** The wait for a new answer where there is an old one, in ms. */
const patienceMs = 1_000;
/** Failures within this time of each other, in ms, tell of one name service. */
const togetherMs = 5_000;
/** Names kept in memory. */
const maxNames = 4_096;

export interface NamesOptions {
  start: StartLookup;
  /** Addresses that need no look-up; empty if the name is not known. */
  known(name: string): readonly string[];
  /** Maximum look-ups at a time; default 48. */
  maxLookups?: number;
  /** Monotonic time in ms; for tests. */
  now?: () => number;
}

interface Entry extends Lookup {
  /** The last good answer, and when it came. */
  good?: { addresses: readonly string[]; at: number };
  /** The look-up that is under way or waits for its turn, and when it was asked for. */
  asked?: { answer: Promise<readonly string[]>; at: number };
}

/** Makes the names of one sender. */
export function createNames({ start, known, maxLookups = 48, now = monotonicMs }: NamesOptions): Names {
  const entries = createEntries();
  const lookups = createLookupQueue({ start, maxLookups, now });
  let lastSuccessAt = Number.NEGATIVE_INFINITY;

  async function look(entry: Entry): Promise<readonly string[]> {
    try {
      const addresses = await lookups.run(entry);
      lastSuccessAt = now();
      entry.good = { addresses, at: lastSuccessAt };
      delete entry.failedAt;
      return addresses;
    } catch (error) {
      if (errnoOf(error) === 'ENOTFOUND') {
        lastSuccessAt = now(); // the name service answers
        delete entry.good;
      } else entry.failedAt = now();
      throw error;
    } finally {
      delete entry.asked;
    }
  }

  function ask(entry: Entry): Promise<readonly string[]> {
    if (entry.asked === undefined) {
      entry.asked = { answer: Promise.resolve([]), at: now() };
      entry.asked.answer = look(entry);
      entry.asked.answer.catch(() => {}); // perhaps no attempt waits for it any more
    }
    return entry.asked.answer;
  }

  /** Whether other names had no answer either since then, and none had one. */
  function isDownSince(at: number, mine: Entry): boolean {
    if (lastSuccessAt > at) return false;
    if (lookups.isWaiting(mine)) return true;
    for (const other of entries.all()) {
      if (other === mine) continue;
      if (other.asked !== undefined) return true;
      if (other.failedAt !== undefined && other.failedAt >= at - togetherMs) return true;
    }
    return false;
  }

  async function fresh(entry: Entry, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }) {
    const answer = ask(entry);
    const askedAt = entry.asked?.at ?? now();
    try {
      return await within(answer, { timeoutMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (errnoOf(error) === 'ENOTFOUND') throw error;
      if (entry.good !== undefined && now() - entry.good.at < staleMs) return entry.good.addresses;
      throw isDownSince(askedAt, entry) ? lookupError(nameServiceDown) : error;
    }
  }

  return {
    async addressesOf(name, options) {
      const written = known(name);
      if (written.length > 0) return written;
      const entry = entries.use(name);
      const { good } = entry;
      if (good !== undefined && now() - good.at < freshMs) return good.addresses;
      const isOld = good === undefined || now() - good.at >= staleMs;
      const timeoutMs = isOld ? options.timeoutMs : Math.min(options.timeoutMs, patienceMs);
      return fresh(entry, { ...options, timeoutMs });
    },
    lateCode(name) {
      const entry = entries.get(name);
      const askedAt = entry?.asked?.at;
      return entry !== undefined && askedAt !== undefined && isDownSince(askedAt, entry)
        ? nameServiceDown
        : 'EAI_AGAIN';
    },
    close: lookups.close,
  };
}

/** Makes a store of names; those used longest ago are forgotten. */
function createEntries() {
  const entries = new Map<string, Entry>();
  return {
    get: (name: string) => entries.get(name),
    all: () => entries.values(),
    /** Gives the entry of a name, and makes it where there is none. */
    use(name: string): Entry {
      const entry = entries.get(name) ?? { name };
      entries.delete(name);
      entries.set(name, entry); // the last one used comes last
      for (const [oldest, { asked }] of entries) {
        if (entries.size <= maxNames) break;
        if (asked === undefined) entries.delete(oldest);
      }
      return entry;
    },
  };
}

/** @throws Error with the code `EAI_AGAIN` after `timeoutMs`; the signal's reason */
async function within<T>(
  answer: Promise<T>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    timer = setTimeout(() => reject(lookupError('EAI_AGAIN')), timeoutMs);
  });
  try {
    return await Promise.race([answer, end]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
