/** Deregistering: the registration goes, and with it what is queued for it. */
import { type Environment, hooksPath, spoolPath } from '../config/paths.js';
import { endpointIdOf, unnamedEndpointId } from '../endpoint/endpoint-id.js';
import { looksLikeUrl } from '../event/webhook-url.js';
import { removeRegistration } from '../hooks/edit/edit-hooks.js';
import { editHooksFile, existingHooksText, loadHooks } from '../hooks/file/hooks-file.js';
import { parseHooks } from '../hooks/parse/parse-hooks.js';
import { type ProbablyMeant, probablyMeant } from '../hooks/probably-meant.js';
import type { Hooks } from '../routing/hooks.js';
import { createRouter } from '../routing/match.js';
import { isHookPattern } from '../routing/pattern.js';
import { CapnhookError } from '../shared/errors.js';
import { randomBytes } from '../shared/random.js';
import type { ControlRequest, DiscardRequest, Spool } from '../spool/spool.js';
import { badHookPattern } from '../usecases/bad-hook.js';
import { discardRequestOf } from '../usecases/drain/requests.js';
import { checkedUrl } from './checked-url.js';
import { endDeliveries } from './end-deliveries.js';
import { openSpool } from './open-spool.js';

export type { KnownEndpoint, ProbablyMeant } from '../hooks/probably-meant.js';

export interface DeregisterOptions {
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Only from this hook or pattern; default: from all of them. */
  hook?: string | undefined;
  /** Leaves what is queued for it where it is, on hold; default false. */
  keep?: boolean | undefined;
  /** Changes nothing, and tells what would be changed; default false. */
  dryRun?: boolean | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
  /** Called once, where a running drain takes longer than two seconds to move them and is still at work. */
  onWaiting?: (() => void) | undefined;
}

export interface Deregistered {
  /** The hooks and patterns that the endpoint was registered for. */
  removedFrom: string[];
  /** Deliveries that were moved to `dead/`, or delivered meanwhile; with `dryRun` those that would be. */
  moved: number;
  /** Deliveries still queued for it: those of events that name the URL itself, of other hooks, or all with `keep`. */
  queued: number;
  /** Only where the spool belongs to another hooks file, and is left alone: that file. */
  belongsTo?: string;
  /**
   * Whether the drain that runs was asked to move them, and has made no progress with that for 15 s. The request stays:
   * that drain obeys it, or else the next one.
   */
  isPending?: boolean;
  /** Only where nothing was registered, and nothing moved: what was probably meant. */
  didYouMean?: ProbablyMeant;
}

/**
 * Clears a URL or an endpoint from every hook, or from one, and moves what is queued for it and nobody else
 * wants to `dead/`. Where a drain is running, that one does it.
 * @param target a URL, the name of an endpoint in the hooks file, or an endpoint's id
 * @throws CapnhookError `USAGE`, `HOOKS_FILE` (a broken file is not touched), `BUSY`, `PERMISSION`, `SPOOL_WRITE`
 * @example const { moved } = await deregister('https://example.com/in');
 */
export async function deregister(target: string, options: DeregisterOptions = {}): Promise<Deregistered> {
  const { hook, env = process.env } = options;
  if (hook !== undefined && !isHookPattern(hook)) throw badHookPattern('deregister', hook);
  if (target === '') throw nothingToDeregister();
  const id = looksLikeUrl(target) ? endpointIdOf(checkedUrl(target)) : target;
  const path = hooksPath(env, options.config);
  const before = existingHooksText(path).text; // which register would make
  const root = spoolPath(env, options.spool);
  const spool = openSpool(root);
  // Who may not touch the spool changes nothing at all.
  await queuedFor(spool, [id]);
  const edit = (text: string) => {
    const removed = removeRegistration(text, hook === undefined ? { target } : { target, hook });
    return { ...removed, after: removed.text };
  };
  const { removedFrom, after } = options.dryRun ? edit(before) : await editHooksFile(path, edit);
  const parsed = parseHooks(after);
  const hooks = parsed.ok ? parsed.hooks : undefined;
  const endpoints = [...queueIds(hooks, id)];
  const request: ControlRequest = { id: newId(), request: 'deregister', endpoints };
  if (hook !== undefined) request.hook = hook;
  const result: Deregistered = { removedFrom, moved: 0, queued: 0 };
  const belongsTo = await spool.boundTo();
  if (belongsTo !== undefined && belongsTo !== path) result.belongsTo = belongsTo;
  else if (hooks !== undefined && !options.keep) {
    const router = createRouter(hooks);
    const discard = discardRequestOf(request, (event, endpoint) => router.endpointFor(event, endpoint));
    const matching = await countMatching(spool, discard);
    const ending = { request, discard, root };
    const isEnded = options.dryRun || matching === 0 || (await endDeliveries(spool, ending, options));
    const left = isEnded ? 0 : await countMatching(spool, discard);
    result.moved = matching - left;
    if (left > 0) result.isPending = true;
  }
  result.queued = await queuedFor(spool, endpoints);
  if (options.dryRun) result.queued -= result.moved;
  if (hooks !== undefined && removedFrom.length + result.moved === 0) {
    const others = looksLikeUrl(target) ? [] : await owedIds(spool);
    const didYouMean = probablyMeant(hooks, { target, id, hook, others });
    if (didYouMean !== undefined) result.didYouMean = didYouMean;
  }
  return result;
}

/**
 * Of two words, whether it is the first that names an endpoint of the hooks file, and the second is a hook.
 * @throws CapnhookError `HOOKS_FILE`, `PERMISSION`
 */
export async function namesEndpoint(
  first: string,
  second: string,
  { config, env = process.env }: Pick<DeregisterOptions, 'config' | 'env'> = {},
): Promise<boolean> {
  const { endpoints, registrations } = await loadHooks(hooksPath(env, config));
  if (endpoints.has(first) || endpoints.has(second)) return !endpoints.has(second);
  const isHook = (word: string) => registrations.some(({ pattern }) => pattern === word);
  return isHook(second) && !isHook(first);
}

async function countMatching(spool: Spool, { endpoints, match }: DiscardRequest): Promise<number> {
  let count = 0;
  for await (const _ of spool.survey(endpoints === undefined ? { match } : { endpoints, match })) count += 1;
  return count;
}

/** The endpoints that are owed anything. */
async function owedIds(spool: Spool): Promise<string[]> {
  const ids: string[] = [];
  for await (const { endpoint, waiting, retrying } of spool.backlog())
    if (waiting + retrying > 0) ids.push(endpoint);
  return ids;
}

/** Under which ids an endpoint's deliveries may be queued: its own, that of its URL, and the name of one that has its URL. */
function queueIds(hooks: Hooks | undefined, id: string): ReadonlySet<string> {
  const known = hooks === undefined ? [] : [...hooks.endpoints.values()];
  const same = known.filter((each) => each.id === id || unnamedEndpointId(each.url) === id);
  return new Set([id, ...same.flatMap((each) => [each.id, unnamedEndpointId(each.url)])]);
}

async function queuedFor(spool: Spool, ids: Iterable<string>): Promise<number> {
  let queued = 0;
  for (const id of ids) {
    for await (const { waiting, retrying } of spool.backlog(id)) queued += waiting + retrying;
  }
  return queued;
}

function newId(): string {
  return `${Date.now()}-${Buffer.from(randomBytes(6)).toString('hex')}`;
}

function nothingToDeregister(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot deregister: the URL is empty', {
    hint: 'Check the variable that it comes from.',
  });
}
