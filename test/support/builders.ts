import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { endpointDefaults } from '../../src/endpoint/endpoint.js';
import type { Batch, Event } from '../../src/event/event.js';
import { createEventId } from '../../src/event/event-id.js';
import { randomBytes } from '../../src/shared/machine/random.js';

let count = 0;
const start = Date.parse('2026-11-23T12:00:00.000Z');

/** An event; each one a millisecond later than the one before. */
export function event(over: Partial<Event> = {}): Event {
  const at = start + count++;
  return {
    id: createEventId(at, randomBytes(10)),
    hook: 'complete',
    time: new Date(at).toISOString(),
    payload: Buffer.from('{"id":1}'),
    ...over,
  };
}

/** An endpoint with the defaults. */
export function endpoint(over: Partial<Endpoint> = {}): Endpoint {
  return { id: 'chat', url: { value: 'http://127.0.0.1:9/' }, ...endpointDefaults, ...over };
}

/** An event file as a shell would write it. */
export function shellEvent(hook: string, payload: string): string {
  return `{"hook":${JSON.stringify(hook)},\n"payload":${payload}\n}\n`;
}

/** A batch as its file. */
export function batchToBytes({ id, hook, to, time, payloads }: Batch): Buffer {
  const head = Buffer.from(JSON.stringify({ capnhook: 1, id, hook, to, time, events: payloads.length }));
  return Buffer.concat([head, ...payloads].flatMap((line) => [line, Buffer.from('\n')]));
}
