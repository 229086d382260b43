import { randomBytes } from '../shared/machine/random.js';
import { createRandomSupply } from '../shared/machine/random-supply.js';
import { createGroupedInbox } from '../spool/file/accept/grouped-inbox.js';
import type { Inbox } from '../spool/spool.js';
import type { Fired } from '../usecases/fire.js';
import { type FireOptions, fireInto, type Target, toBytes } from './fire.js';

/**
 * Queues an event. When it resolves, the event survives `kill -9` and a power
 * cut; when it rejects, nothing was queued. Calls that are under way at the
 * same time share the waiting for the disk.
 * @param target a hook's name (`complete`), a URL, several URLs, or a function that gives them
 * @param payload a JSON value; or a Uint8Array of JSON text in UTF-8, which is sent byte for byte, and must not change
 *   before it is queued
 * @throws CapnhookError `USAGE`, `BAD_PAYLOAD`, `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY`, `PERMISSION`
 * @example await fire('complete', { id: 1234, status: 'OK' });
 */
export async function fire(target: Target, payload: unknown, options: FireOptions = {}): Promise<Fired> {
  return fireInto(ports, target, { payload: toBytes(payload), options });
}

/**
 * Queues many events of one target together, all or nothing: one payload a line
 * (NDJSON, UTF-8). Far faster than as many calls of {@link fire}.
 * @throws as {@link fire}; `BAD_PAYLOAD` names the line
 */
export async function fireBatch(
  target: Target,
  lines: Uint8Array,
  options: FireOptions = {},
): Promise<Fired> {
  return fireInto(ports, target, { payload: lines, batch: true, options });
}

const random = createRandomSupply(randomBytes);

/** Of each spool that is being fired into, its inbox; and of a limited number of others that were. */
const inboxes = new Map<string, Inbox>();
const idleInboxes = 16;

function inboxOf(root: string): Inbox {
  const known = inboxes.get(root);
  if (known !== undefined) return known;
  const inbox = createGroupedInbox(root, {
    random,
    onIdle: () => inboxes.size > idleInboxes && inboxes.delete(root),
  });
  inboxes.set(root, inbox);
  return inbox;
}

const ports = { inboxOf, random };
