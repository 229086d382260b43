/** The situation of docs/operations.md: one endpoint is down since yesterday, one has said 410, and one rejects two events. */

import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Health } from '../../src/endpoint/health.js';
import { createEventId } from '../../src/event/event-id.js';
import type { Answer, ReceivedRequest } from './receiver.js';
import { until, type World } from './world.js';

/** Deliveries that are queued for the endpoint that is down. */
const backlog = 12_000;

const dayMs = 86_400_000;

/**
 * Makes it, in a world without a spool. Nobody drains afterwards.
 * - `audit` answers 503 since yesterday, and has {@link backlog} events queued.
 * - `metrics` has answered 410, and has one event; from then on it answers 204.
 * - `chat` rejects two events with 422, and has refused one for good.
 */
export async function makeSituation(world: World): Promise<void> {
  const audit = await world.receiver(() => ({ status: 503, body: 'down for maintenance' }));
  const chat = await world.receiver(answerOfChat);
  let isGone = true;
  const metrics = await world.receiver(() => ({ status: isGone ? 410 : 204 }));
  world.hooks(`hooks:
  order.paid: [audit]
  build.failed: [chat]
  build.done: [metrics]
endpoints:
  audit: ${audit.url}/in
  chat: ${chat.url}/hooks
  metrics: ${metrics.url}/in
defaults: {retry: {schedule: [5m, 30m, 2h], jitter: 0}}
`);
  await fireYesterday(world);
  for (const channel of ['#refused', '#ops', '#ops'])
    await succeed(world, ['fire', 'build.failed', '-d', JSON.stringify({ channel })]);
  await succeed(world, ['fire', 'build.done', '-d', '{"seconds":341}']);
  expect(await world.run(['drain', '-q'])).toMatchObject({ code: 69 });
  await until('metrics was asked', () => metrics.requests.length === 1);
  isGone = false;
  downSinceYesterday(world);
}

function answerOfChat({ body }: ReceivedRequest): Answer {
  if (body.includes('#refused')) return { status: 400, headers: { 'webhook-delivery': 'abort-message' } };
  return { status: 422, body: '{"error":"channel_is_archived","detail":"channel #ops is archived"}' };
}

async function succeed(world: World, args: readonly string[]): Promise<void> {
  expect(await world.run(args)).toMatchObject({ code: 0 });
}

/** A batch that was accepted yesterday, and that no drain has seen. */
async function fireYesterday(world: World): Promise<void> {
  await succeed(world, ['init']);
  const timeMs = Date.now() - dayMs;
  const id = createEventId(timeMs, Buffer.alloc(10, 7));
  const header = { capnhook: 1, id, hook: 'order.paid', time: new Date(timeMs), events: backlog };
  const lines = Array.from({ length: backlog }, (_, n) => `{"order":${n + 1}}`);
  const path = join(world.spool, 'incoming', `${id}.jsonl`);
  writeFileSync(path, `${JSON.stringify(header)}\n${lines.join('\n')}\n`, { mode: 0o600 });
  utimesSync(path, timeMs / 1_000, timeMs / 1_000);
}

/** As if `audit` had failed since yesterday, nine times. */
function downSinceYesterday(world: World): void {
  const path = join(world.spool, 'endpoints/audit.json');
  const health = JSON.parse(readFileSync(path, 'utf8')) as Health;
  const now = Date.now();
  const failedAt = Array.from({ length: 8 }, (_, n) => now - (8 - n) * 10_000_000);
  const changed: Health = {
    ...health,
    since: now - dayMs,
    failures: 9,
    failedAt,
    parkedUntil: now + dayMs / 2,
  };
  writeFileSync(path, JSON.stringify(changed));
}
