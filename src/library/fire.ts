import { type Environment, spoolPath } from '../config/paths.js';
import { looksLikeUrl } from '../event/webhook-url.js';
import { type Clock, systemClock } from '../shared/clock.js';
import { CapnhookError } from '../shared/errors.js';
import { randomBytes } from '../shared/random.js';
import { createFileInbox } from '../spool/file/file-inbox.js';
import { type Fired, fireEvent } from '../usecases/fire.js';

/** At whom to fire: a hook's name, a URL, several URLs, or a function (async or not) that gives one of those. */
export type Target = string | readonly string[] | (() => Target | Promise<Target>);

export interface FireOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hook's name that receivers are told, where the target is URLs. */
  hook?: string | undefined;
  /** The event's id: letters, digits, `_` and `-`; made up by default. */
  id?: string | undefined;
  /** Default the machine's. */
  clock?: Clock;
  /** Default `process.env`. */
  env?: Environment;
}

/**
 * Queues an event. When it resolves, the event survives `kill -9` and a power
 * cut; when it rejects, nothing was queued.
 * @param target a hook's name (`complete`), a URL, several URLs, or a function that gives them
 * @param payload a JSON value; or a Uint8Array of JSON text in UTF-8, which is sent byte for byte
 * @throws CapnhookError `USAGE`, `BAD_PAYLOAD`, `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY`, `PERMISSION`
 * @example await fire('complete', { id: 1234, status: 'OK' });
 */
export async function fire(target: Target, payload: unknown, options: FireOptions = {}): Promise<Fired> {
  return fireAt(target, { payload: toBytes(payload) }, options);
}

/**
 * Queues many events of one target at once, all or nothing: one payload a line
 * (NDJSON, UTF-8). Far faster than as many calls of {@link fire}.
 * @throws as {@link fire}; `BAD_PAYLOAD` names the line
 */
export async function fireBatch(
  target: Target,
  lines: Uint8Array,
  options: FireOptions = {},
): Promise<Fired> {
  return fireAt(target, { payload: lines, batch: true }, options);
}

interface Body {
  payload: Uint8Array;
  batch?: boolean;
}

async function fireAt(target: Target, body: Body, options: FireOptions): Promise<Fired> {
  const { clock = systemClock, env = process.env, hook, id } = options;
  const address = addressOf(await resolveTarget(target), hook);
  const inbox = createFileInbox(spoolPath(env, options.spool), { random: randomBytes });
  return fireEvent({ inbox, clock, random: randomBytes }, { ...address, ...body, id });
}

async function resolveTarget(target: Target): Promise<string | readonly string[]> {
  let resolved = target;
  while (typeof resolved === 'function') resolved = await resolved();
  if (typeof resolved === 'string' || isTexts(resolved)) return resolved;
  throw new CapnhookError(
    'USAGE',
    "Cannot fire: the target is neither a hook's name nor a URL nor a list of URLs",
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function addressOf(
  target: string | readonly string[],
  hook: string | undefined,
): { hook?: string | undefined; to?: readonly string[] } {
  if (typeof target !== 'string') return { to: target, hook };
  if (looksLikeUrl(target)) return { to: [target], hook };
  if (hook === undefined) return { hook: target };
  throw new CapnhookError('USAGE', "Cannot fire: the target is a hook's name, and `hook` is given too", {
    hint: 'Leave `hook` out, or fire at URLs.',
  });
}

function toBytes(payload: unknown): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (error) {
    throw new CapnhookError('BAD_PAYLOAD', `Cannot fire: the payload cannot be written as JSON`, {
      cause: error,
    });
  }
  if (text !== undefined) return Buffer.from(text);
  throw new CapnhookError('BAD_PAYLOAD', `Cannot fire: a payload of type ${typeof payload} has no JSON`, {
    hint: 'Give null if the event has nothing to tell.',
  });
}
