/** A spool in memory: the reference that says, in the fewest words, what every spool does. */
import type { DrainSide, EndpointBacklog, Spool } from '../spool.js';
import { createMemoryEndpoints } from './memory-by-id.js';
import { discard, discardable } from './memory-discard.js';
import { importArchive } from './memory-import.js';
import { createMemoryInspection } from './memory-inspection.js';
import { createMemoryIntake } from './memory-intake.js';
import { purge } from './memory-purge.js';
import { createMemoryQueues, takeOver } from './memory-queues.js';
import { removePlace } from './memory-remove.js';
import { replay } from './memory-replay.js';
import { retry } from './memory-retry.js';
import {
  createMemoryState,
  endpointsWhere,
  eventsOf,
  type MemoryDrain,
  type MemoryState,
  noReports,
} from './memory-state.js';

export interface MemorySpoolOptions {
  /** ms since the epoch. */
  now(): number;
  /** Tells the newest hooks from others; entries that were routed by others are not placed. Default: any hooks will do. */
  newestHooks?(): string | undefined;
  /**
   * Lets several drains share the spool. One that makes no call for `leaseMs` is taken for dead, and others take its
   * endpoints over. Default: one drain at a time.
   */
  shared?: { leaseMs: number };
}

/** A spool that lasts as long as the process. */
export function createMemorySpool({ now, newestHooks, shared }: MemorySpoolOptions): Spool {
  const state = { ...createMemoryState(now), newestHooks };
  const { leaseMs = Infinity } = shared ?? {};
  return {
    ...unclaimedAndHealth(state, now),
    ...requestsAndBinding(state),
    async enqueue(entry) {
      state.accepted.push(entry);
      for (const hint of state.hints) hint();
    },
    async join(mode) {
      if (shared !== undefined) return { joined: true, side: createMemoryDrainSide(state, { now, leaseMs }) };
      if (state.holder !== undefined) return { joined: false, by: state.holder };
      const since = new Date(now()).toISOString();
      state.holder = { host: 'memory', pid: process.pid, mode, since, isVisible: true };
      return { joined: true, side: createMemoryDrainSide(state, { now, leaseMs }) };
    },
    idle: async () => {
      const isOwing = endpointsWhere(state, ({ owed }) => owed.length > 0).length > 0;
      return state.holder === undefined && state.accepted.length === 0 && !isOwing;
    },
    holder: async () => state.holder,
    isHeld: async () => state.holder !== undefined,
    async *survey(request) {
      yield* discardable(state, request);
    },
    async *purge(request) {
      yield* purge(state, request);
    },
    async *expireDead({ keepMs }) {
      const ms = keepMs();
      if (ms !== undefined) yield* purge(state, { rooms: ['dead'], select: {}, before: now() - ms });
    },
    backlog: (only) => backlogOf(state, only),
    waiting: async () => state.accepted.length,
    async keepArchive(pieces) {
      const all: Uint8Array[] = [];
      for await (const piece of pieces) all.push(piece);
      const name = `archive-${state.archives.size + 1}`;
      state.archives.set(name, Buffer.concat(all));
      return name;
    },
    async remove(places) {
      let removed = 0;
      for await (const place of places) if (removePlace(state, place)) removed += 1;
      return removed;
    },
    load: async () => {},
    inspection: createMemoryInspection(() => ({
      accepted: state.accepted,
      unclaimed: state.unclaimed.map(({ entry }) => entry),
      dropped: state.dropped,
      sent: state.sent,
      queues: state.queues,
    })),
  };
}

function createMemoryDrainSide(
  state: MemoryState,
  { now, leaseMs }: { now: () => number; leaseMs: number },
): DrainSide {
  const { queues, hints, requests, progress } = state;
  const drain: MemoryDrain = { seenAt: now() };
  return {
    queues: createMemoryQueues(state, { drain, now, leaseMs }),
    ...createMemoryIntake(state, now),
    byId: createMemoryEndpoints(state),
    waiting: async () => state.accepted.length,
    discard: async (request) => discard(state, request),
    retry: async (request) => retry(state, request, now()),
    replay: async (request) => replay(state, request, now()),
    import: async (request) => importArchive(state, request),
    requests: () => ({ requests: [...requests.values()], unknown: [] }),
    noteProgress: (id) => void progress.set(id, (progress.get(id) ?? 0) + 1),
    finishRequest: (id) => void requests.delete(id),
    onHint(hint) {
      hints.add(hint);
      return () => hints.delete(hint);
    },
    isValid: () => true,
    async close() {
      state.holder = undefined;
      for (const queue of queues.values()) {
        if (queue.owner === drain || leaseMs === Infinity) takeOver(queue, undefined);
        if (leaseMs === Infinity) for (const each of queue.owed) each.held = false;
      }
    },
  };
}

function unclaimedAndHealth(
  state: MemoryState,
  now: () => number,
): Pick<Spool, 'restoreUnclaimed' | 'pruneHealth' | 'pruneSent'> {
  return {
    async pruneSent(keepMsOf) {
      const endOfDay = (ms: number) => (Math.floor(ms / 86_400_000) + 1) * 86_400_000;
      state.sent = state.sent.filter(({ endpoint, sentAt }) => {
        return now() < endOfDay(sentAt) + keepMsOf(endpoint);
      });
    },
    async restoreUnclaimed({ hook } = {}) {
      const restored = state.unclaimed
        .map(({ entry }) => entry)
        .filter((entry) => [entry.hook, undefined].includes(hook));
      state.unclaimed = state.unclaimed.filter(({ entry }) => !restored.includes(entry));
      state.accepted.push(...restored);
      state.reports = noReports;
      for (const hint of state.hints) hint();
      return restored.reduce((sum, entry) => sum + eventsOf(entry).length, 0);
    },
    async pruneHealth(isNeeded) {
      for (const [endpoint, queue] of state.queues) {
        if (queue.owed.length > 0 || Object.keys(queue.health).length === 0) continue;
        if (!isNeeded(endpoint, () => ({ health: queue.health, savedAt: now() }))) queue.health = {};
      }
    },
  };
}

function requestsAndBinding(
  state: MemoryState,
): Pick<Spool, 'request' | 'hasRequest' | 'requestProgress' | 'boundTo' | 'bind'> {
  const { requests, progress } = state;
  return {
    async request(request) {
      requests.set(request.id, request);
    },
    hasRequest: async (id) => requests.has(id),
    requestProgress: async (id) => (requests.has(id) ? (progress.get(id) ?? 0) : undefined),
    boundTo: async () => state.hooksFile,
    async bind(hooksFile, { again = false } = {}) {
      if (again || state.hooksFile === undefined) state.hooksFile = hooksFile;
      return state.hooksFile;
    },
  };
}

async function* backlogOf({ queues }: MemoryState, only?: string): AsyncGenerator<EndpointBacklog> {
  for (const [endpoint, { owed, dead, health }] of queues) {
    if (only !== undefined && only !== endpoint) continue;
    const retrying = owed.filter(({ dueMs }) => dueMs !== undefined).length;
    yield { endpoint, waiting: owed.length - retrying, retrying, dead: dead.length, health };
  }
}
