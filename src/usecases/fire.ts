/** Firing: an event is checked, given its id and time, and accepted. Needs nothing but the inbox. */

import type { EventHeader } from '../event/event.js';
import { createEventId, isEventId } from '../event/event-id.js';
import { checkPayload, checkPayloads } from '../event/payload.js';
import { parseWebhookUrl } from '../event/webhook-url.js';
import type { Clock } from '../shared/clock.js';
import { CapnhookError } from '../shared/errors.js';
import { isoTime } from '../shared/iso-time.js';
import type { Inbox } from '../spool/spool.js';
import { requireHookName } from './bad-hook.js';

export interface FirePorts {
  inbox: Inbox;
  clock: Pick<Clock, 'now'>;
  /** `bytes` random bytes. */
  random(bytes: number): Uint8Array;
}

/** What is fired, and at whom. */
export interface Firing {
  /** The hook's name. */
  hook?: string | undefined;
  /** URLs that get the event instead of those registered for the hook. */
  to?: readonly string[] | undefined;
  /** The event's id; made up if there is none. */
  id?: string | undefined;
  /** JSON text in UTF-8: one value, or in a batch one value a line. */
  payload: Uint8Array;
  /** Whether each line of the payload is an event of its own. */
  batch?: boolean;
}

/** What was accepted. */
export interface Fired {
  id: string;
  /** How many events; those of a batch have the ids `<id>_1`, `<id>_2`, … */
  events: number;
}

/**
 * Accepts an event, or a batch all or nothing; durable when it resolves.
 * @throws CapnhookError `USAGE` (a bad name, URL or id), `BAD_PAYLOAD`, or whatever the inbox rejects with
 */
export async function fireEvent({ inbox, clock, random }: FirePorts, firing: Firing): Promise<Fired> {
  const now = Math.max(clock.now(), 0); // a clock that was never set may stand before 1970
  const header: EventHeader = {
    id: firing.id === undefined ? createEventId(now, random(10)) : checkId(firing.id),
    ...checkAddress(firing),
    time: isoTime(now),
  };
  const chosenId = firing.id !== undefined;
  if (firing.batch === true) {
    const payloads = checkLines(firing.payload);
    if (!isEventId(`${header.id}_${payloads.length}`)) throw badId();
    await inbox.enqueue({ ...header, payloads }, { chosenId });
    return { id: header.id, events: payloads.length };
  }
  await inbox.enqueue({ ...header, payload: checkOne(firing.payload) }, { chosenId });
  return { id: header.id, events: 1 };
}

function checkAddress({ hook, to }: Firing): Pick<EventHeader, 'hook' | 'to'> {
  if (hook === undefined && to === undefined)
    throw new CapnhookError('USAGE', 'Cannot fire: no hook and no URL is given');
  requireHookName('fire', hook);
  if (to?.length === 0)
    throw new CapnhookError('USAGE', 'Cannot fire: the list of URLs is empty', {
      hint: 'The command that should have listed them may have failed. Nothing was queued.',
    });
  return { hook, to: to?.map(checkUrl) };
}

function checkUrl(text: string): string {
  const parsed = parseWebhookUrl(text);
  if (parsed.ok) return parsed.url;
  throw new CapnhookError('USAGE', `Cannot fire: ${parsed.reason}`, {
    hint: 'Give complete URLs, such as https://example.com/in.',
  });
}

function checkId(id: string): string {
  if (isEventId(id)) return id;
  throw badId();
}

function badId(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot fire: the id is not valid', {
    hint: 'An id has letters, digits, "_" and "-", at most 128 of them (in a batch less, for the number of each event).',
  });
}

function checkOne(bytes: Uint8Array): Uint8Array {
  const checked = checkPayload(bytes);
  if (checked.ok) return checked.payload;
  throw new CapnhookError('BAD_PAYLOAD', `Cannot fire this payload: ${checked.reason}`, {
    hint: checked.hint,
  });
}

function checkLines(bytes: Uint8Array): readonly Uint8Array[] {
  const checked = checkPayloads(bytes);
  if (checked.ok) return checked.payloads;
  throw new CapnhookError(
    'BAD_PAYLOAD',
    `Cannot fire this batch: line ${checked.line}: ${checked.reason}; nothing was queued`,
    {
      hint: checked.hint,
    },
  );
}
