import { type Environment, spoolPath } from '../config/paths.js';
import { looksLikeUrl } from '../event/webhook-url.js';
import { type Clock, systemClock } from '../shared/clock.js';
import { CapnhookError } from '../shared/errors.js';
import { randomBytes } from '../shared/random.js';
import { createFileInbox } from '../spool/file/accept/file-inbox.js';
import type { Inbox } from '../spool/spool.js';
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

/** Fires one event, as the command line does: at once, and with no thread but this. See the library's own, in `fire-together.ts`. */
export async function fire(target: Target, payload: unknown, options: FireOptions = {}): Promise<Fired> {
  return fireInto(alone, target, { payload: toBytes(payload), options });
}

/** Fires a batch in the same way. */
export async function fireBatch(
  target: Target,
  lines: Uint8Array,
  options: FireOptions = {},
): Promise<Fired> {
  return fireInto(alone, target, { payload: lines, batch: true, options });
}

const alone: FireInto = {
  inboxOf: (root) => createFileInbox(root, { random: randomBytes }),
  random: randomBytes,
};

/** Where to fire, and with what. */
export interface FireInto {
  /** The inbox of the spool in this directory. */
  inboxOf(root: string): Inbox;
  /** So many random bytes. */
  random(bytes: number): Uint8Array;
}

/** What is fired, and how. */
export interface FireCall {
  payload: Uint8Array;
  batch?: boolean;
  options: FireOptions;
}

/** Fires into the inbox of the spool that the options lead to. */
export async function fireInto(
  { inboxOf, random }: FireInto,
  target: Target,
  { options, ...body }: FireCall,
): Promise<Fired> {
  checkTypes(body, options);
  const { clock = systemClock, env = process.env, hook, id } = options;
  const address = addressOf(await resolveTarget(target), hook);
  const inbox = inboxOf(spoolPath(env, options.spool));
  return fireEvent({ inbox, clock, random }, { ...address, ...body, id });
}

/** For whoever calls this from JavaScript. */
function checkTypes({ payload, batch }: Omit<FireCall, 'options'>, { spool, hook, id }: FireOptions): void {
  for (const [name, value] of Object.entries({ spool, hook, id })) {
    if (value === undefined || typeof value === 'string') continue;
    throw new CapnhookError('USAGE', `Cannot fire: the option ${name} is no text`, {
      hint: 'Leave it out, or give a text: String(1234), say.',
    });
  }
  if (batch === true && !ArrayBuffer.isView(payload))
    throw new CapnhookError('USAGE', 'Cannot fire: the lines of a batch are no Uint8Array', {
      hint: 'Give Buffer.from(text).',
    });
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

/** A payload as JSON text. @throws CapnhookError `BAD_PAYLOAD` */
export function toBytes(payload: unknown): Uint8Array {
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
