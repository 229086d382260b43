import type { Health } from '../../endpoint/health.js';
import type { Batch, Event } from '../../event/event.js';
import { type AgeQuery, createAgeCount, type IncomingAges, type QueueAges } from '../ages.js';
import {
  type EntryState,
  type InspectedEntry,
  type Inspection,
  isAt,
  matchesQuery,
  statesFrom,
} from '../inspection.js';
import type { KeptAnswer, Why } from '../reasons.js';
import { eventsOf } from './memory-state.js';

/** What a spool in memory holds at this moment. */
export interface MemoryContents {
  accepted: ReadonlyArray<Event | Batch>;
  unclaimed: ReadonlyArray<Event | Batch>;
  dropped: ReadonlyArray<{ entry: Event | Batch; why: Why }>;
  sent: ReadonlyArray<{ event: Event; endpoint: string; sentAt: number }>;
  queues: ReadonlyMap<string, MemoryQueue>;
}

interface MemoryQueue {
  lastAnswer: KeptAnswer | undefined;
  answers: ReadonlyMap<string, KeptAnswer>;
  owed: ReadonlyArray<{ event: Event; attempts: number; dueMs?: number }>;
  dead: ReadonlyArray<{ event: Event; why: Why }>;
  health: Health;
}

/** Makes the inspection of a spool in memory, in which nothing is ever quarantined. */
export function createMemoryInspection(contents: () => MemoryContents): Inspection {
  return {
    async *entries(query = {}) {
      const all = [...entriesOf(contents(), query.splitBatches)];
      for (const state of statesFrom(query)) {
        const entries = all.filter((entry) => entry.state === state);
        const { after } = query;
        const from = after === undefined ? 0 : entries.findIndex((entry) => isAt(entry, after)) + 1;
        for (const entry of entries.slice(from)) if (matchesQuery(entry, query)) yield entry;
      }
    },
    async *quarantined() {},
    endpoints: async () => [...contents().queues].map(([endpoint]) => endpoint),
    async *queueAges({ endpoints, ...query }) {
      const queues = [...contents().queues].sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [endpoint, queue] of queues)
        if (endpoints?.includes(endpoint) !== false) yield agesOf(endpoint, queue, query);
    },
    incomingAges: async (query) => incomingAges(contents().accepted, query),
    async totals() {
      const { unclaimed, dropped } = contents();
      return { unclaimed: unclaimed.length, corrupt: 0, deadUnrouted: dropped.length, freeBytes: undefined };
    },
    health: async (endpoint) => contents().queues.get(endpoint)?.health ?? {},
    async answer(endpoint, event) {
      const { answers, lastAnswer } = contents().queues.get(endpoint) ?? {};
      if (event === undefined || lastAnswer?.event === event) return lastAnswer;
      return answers?.get(event);
    },
  };
}

function agesOf(
  endpoint: string,
  { owed, dead, health, lastAnswer }: MemoryQueue,
  query: AgeQuery,
): QueueAges {
  const count = createAgeCount(query);
  for (const { event } of owed) count.add(Date.parse(event.time));
  const dues = owed.flatMap(({ dueMs }) => (dueMs === undefined ? [] : [dueMs]));
  return {
    endpoint,
    waiting: owed.length - dues.length,
    retrying: dues.length,
    nextDueMs: dues.length === 0 ? undefined : Math.min(...dues),
    ...count.ages(),
    dead: dead.length,
    health,
    answer: lastAnswer,
  };
}

function incomingAges(accepted: MemoryContents['accepted'], query: AgeQuery): IncomingAges {
  const count = createAgeCount(query);
  let events = 0;
  for (const entry of accepted) {
    const eventsOfIt = 'payloads' in entry ? entry.payloads.length : 1;
    count.add(Date.parse(entry.time), eventsOfIt);
    events += eventsOfIt;
  }
  return { entries: accepted.length, events, ...count.ages() };
}

function* entriesOf(
  { accepted, unclaimed, dropped, sent, queues }: MemoryContents,
  isSplit = false,
): Generator<InspectedEntry> {
  /** A batch, or each of its events in its place. */
  function* told(state: 'incoming' | 'unclaimed' | 'dead', entry: Event | Batch): Generator<InspectedEntry> {
    const { place } = unrouted(state, entry);
    if (isSplit) for (const each of eventsOf(entry)) yield { ...unrouted(state, each), place };
    else yield unrouted(state, entry);
  }

  for (const { entry, why } of dropped) for (const each of told('dead', entry)) yield { ...each, why };
  for (const entry of accepted) yield* told('incoming', entry);
  for (const entry of unclaimed) yield* told('unclaimed', entry);
  for (const { event, endpoint, sentAt } of sent) {
    const { payload, ...header } = event;
    const acceptedAt = Date.parse(header.time);
    yield {
      state: 'sent',
      place: placeOf('sent', event, endpoint),
      header,
      events: 1,
      endpoint,
      acceptedAt,
      attempts: 0,
      sentAt,
      payload,
    };
  }
  for (const [endpoint, { owed, dead }] of queues) {
    for (const { event, attempts, dueMs } of owed) {
      const { payload, ...header } = event;
      const state = dueMs === undefined ? 'queued' : 'retry';
      yield {
        state,
        place: placeOf(state, event, endpoint),
        header,
        events: 1,
        endpoint,
        acceptedAt: Date.parse(header.time),
        attempts,
        dueMs,
        payload,
      };
    }
    for (const { event, why } of dead) {
      const { payload, ...header } = event;
      const { attempts } = why;
      yield {
        state: 'dead',
        place: placeOf('dead', event, endpoint),
        header,
        events: 1,
        endpoint,
        acceptedAt: Date.parse(header.time),
        attempts,
        why,
        payload,
      };
    }
  }
}

/** Where an entry lies. */
export function placeOf(state: EntryState, { id }: Pick<Event, 'id'>, endpoint = ''): string {
  return `${state}/${endpoint}/${id}`;
}

function unrouted(state: 'incoming' | 'unclaimed' | 'dead', entry: Event | Batch): InspectedEntry {
  const place = placeOf(state, entry);
  const common = { state, place, endpoint: undefined, acceptedAt: Date.parse(entry.time), attempts: 0 };
  if ('payload' in entry) {
    const { payload, ...header } = entry;
    return { ...common, header, events: 1, payload };
  }
  const { payloads, ...header } = entry;
  return { ...common, header, events: payloads.length };
}
