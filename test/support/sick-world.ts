/** A drain on an endpoint that fails in ways that are told. */
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { type Draining, draining, hooksOf } from './draining.js';
import type { Script } from './scripted-sender.js';

/** The endpoint's schedule, in ms. */
export const scheduleMs: readonly number[] = [1_000, 60_000, 600_000];

/** A drain with the endpoint `a`. */
export function sickWorld(
  settings: Partial<Endpoint> = {},
  script: Record<string, Script> = {},
  flows = false,
): Draining {
  const hooks = hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 }, ...settings } });
  return draining({ hooks, script, flows });
}

/** Answers by event id; 204 to all others. */
export function byEvent(answers: Record<string, number>): Script {
  return ({ event }) => answers[event.id] ?? 204;
}

/** The ids of the events that were sent, attempt by attempt. */
export function idsSent({ sent }: Draining): string[] {
  return sent.map(({ event }) => event);
}
