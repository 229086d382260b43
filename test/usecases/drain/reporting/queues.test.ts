import { describe, expect, it } from 'vitest';
import { endpointDefaults } from '../../../../src/endpoint/endpoint.js';
import type { Queued } from '../../../../src/usecases/drain/ports.js';
import {
  leftIn,
  type QueueFacts,
  queuedOf,
  summarizeQueues,
} from '../../../../src/usecases/drain/reporting/queues.js';

const now = Date.parse('2026-11-23T12:00:00.000Z');
const soon = now + 60_000;

describe('queuedOf()', () => {
  it.each<[Partial<QueueFacts>, Partial<Queued>]>([
    [{}, { why: 'due' }],
    [{ cutOff: 'no connection yet' }, { why: 'due', what: 'no connection yet' }],
    [{ health: { paused: 'it answered 410 Gone' } }, { why: 'paused', what: 'it answered 410 Gone' }],
    [
      { health: { failures: 1, last: '503', parkedUntil: soon } },
      { why: 'parked', what: '503', nextAttempt: '2026-11-23T12:01:00.000Z' },
    ],
    [
      { health: { failures: 1, parkedUntil: now - 1 } },
      { why: 'parked', nextAttempt: '2026-11-23T12:00:00.000Z' },
    ],
    [{ nextDue: soon }, { why: 'alone', nextAttempt: '2026-11-23T12:01:00.000Z' }],
    [{ nextDue: now - 1 }, { why: 'alone', nextAttempt: '2026-11-23T12:00:00.000Z' }],
    [{ retrying: 1 }, { why: 'alone' }],
  ])('queuedOf() of %j', (facts, queued) => {
    const base = { endpoint: 'a', count: 2, health: {}, conduct: endpointDefaults };
    expect(queuedOf({ ...base, ...facts }, { now })).toEqual({ endpoint: 'a', count: 2, ...queued });
  });
});

it('summarizeQueues() names 100 endpoints at most, those in trouble first, in an order that no number changes', () => {
  const due = Array.from(
    { length: 120 },
    (_, n): Queued => ({ endpoint: `e${n}`, count: n + 1, why: 'due' }),
  );
  const parked: Queued = { endpoint: 'z', count: 1, why: 'parked' };
  const { queues, moreQueues } = summarizeQueues([...due, parked]);
  expect(queues[0]).toBe(parked);
  expect(queues).toHaveLength(100);
  expect(moreQueues).toBe(21);
  const longer = due.map((each) => ({ ...each, count: 1000 - each.count }));
  const again = summarizeQueues([parked, ...longer.reverse()]).queues;
  expect(again.map(({ endpoint }) => endpoint)).toEqual(queues.map(({ endpoint }) => endpoint));
});

it('leftIn() counts all endpoints, those that are not named as well', () => {
  const held = Array.from(
    { length: 150 },
    (_, n): Queued => ({ endpoint: `h${n}`, count: 2, why: 'on-hold' }),
  );
  const wrong: Queued = { endpoint: 'w', count: 3, why: 'misconfigured', what: 'a secret is missing' };
  expect(leftIn([...held, wrong])).toMatchObject({
    owed: 303,
    onHold: 300,
    misconfigured: 1,
    moreQueues: 51,
  });
});
