import { type Environment, hooksPath, spoolPath } from '../config/paths.js';
import { endpointIdOf, unnamedEndpointId } from '../endpoint/endpoint-id.js';
import { looksLikeUrl, parseWebhookUrl } from '../event/webhook-url.js';
import { addRegistration, removeRegistration } from '../hooks/edit-hooks.js';
import { editHooksFile, existingHooksText } from '../hooks/hooks-file.js';
import { parseHooks } from '../hooks/parse-hooks.js';
import { isHookPattern } from '../hooks/pattern.js';
import { CapnhookError } from '../shared/errors.js';
import { badHookPattern } from '../usecases/bad-hook.js';
import { openSpool } from './open-spool.js';

export interface RegisterOptions {
  /** The hooks file, made if it is missing; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

export interface DeregisterOptions extends RegisterOptions {
  /** Only from this hook or pattern; default: from all of them. */
  hook?: string | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
}

export interface Deregistered {
  /** The hooks and patterns that the endpoint was registered for. */
  removedFrom: string[];
  /** Deliveries still queued for it. They are not sent any more, unless the event names the URL itself. */
  queued: number;
}

/**
 * Registers a URL, or an endpoint of the hooks file, for a hook or a pattern.
 * Registering twice changes nothing. Comments, order and quoting stay.
 * @returns whether the file has changed
 * @throws CapnhookError `USAGE`, `HOOKS_FILE` (a broken file is not touched), `BUSY`, `PERMISSION`
 * @example await register('build.*', 'https://example.com/in');
 */
export async function register(
  hook: string,
  url: string,
  options: RegisterOptions = {},
): Promise<{ changed: boolean }> {
  if (!isHookPattern(hook)) throw badHookPattern('register', hook);
  const target = looksLikeUrl(url) ? checkedUrl(url) : url;
  const path = hooksPath(options.env ?? process.env, options.config);
  const { changed } = await editHooksFile(path, (text) => addRegistration(text, { hook, url: target }));
  return { changed };
}

/**
 * Clears a URL or an endpoint from every hook, or from one.
 * @param target a URL, the name of an endpoint in the hooks file, or an endpoint's id
 * @throws CapnhookError as {@link register}
 * @example const { queued } = await deregister('https://example.com/in');
 */
export async function deregister(target: string, options: DeregisterOptions = {}): Promise<Deregistered> {
  const env = options.env ?? process.env;
  const { hook } = options;
  if (hook !== undefined && !isHookPattern(hook)) throw badHookPattern('deregister', hook);
  if (target === '') throw nothingToDeregister();
  const id = looksLikeUrl(target) ? endpointIdOf(checkedUrl(target)) : target;
  const path = hooksPath(env, options.config);
  existingHooksText(path); // which register would make
  const { removedFrom, ids } = await editHooksFile(path, (text) => {
    const removed = removeRegistration(text, { target, ...(hook !== undefined && { hook }) });
    return { ...removed, ids: queueIds(text, id) };
  });
  return { removedFrom, queued: await queuedFor(spoolPath(env, options.spool), ids) };
}

/** Under which ids an endpoint's deliveries may be queued: its own, and the name of one that has its URL. */
function queueIds(text: string, id: string): ReadonlySet<string> {
  const parsed = parseHooks(text);
  const known = parsed.ok ? [...parsed.hooks.endpoints.values()] : [];
  return new Set([
    id,
    ...known.filter(({ url }) => unnamedEndpointId(url) === id).map((endpoint) => endpoint.id),
  ]);
}

async function queuedFor(root: string, ids: Iterable<string>): Promise<number> {
  const spool = openSpool(root);
  let queued = 0;
  for (const id of ids) {
    for await (const { waiting, retrying } of spool.backlog(id)) queued += waiting + retrying;
  }
  return queued;
}

function nothingToDeregister(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot deregister: the URL is empty', {
    hint: 'Check the variable that it comes from.',
  });
}

function checkedUrl(text: string): string {
  const parsed = parseWebhookUrl(text);
  if (parsed.ok) return text;
  throw new CapnhookError('USAGE', `Cannot use this URL: ${parsed.reason}`, {
    hint: 'Give a whole URL, such as https://example.com/in.',
  });
}
