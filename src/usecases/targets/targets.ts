import type { Endpoint } from '../../endpoint/endpoint.js';
import type { Hooks } from '../../routing/hooks.js';
import { endpointsFor, matchesHook } from '../../routing/match.js';
import { CapnhookError } from '../../shared/errors.js';
import { suggest } from '../../shared/suggest.js';
import { requireHookName } from '../bad-hook.js';
import type { HooksReader } from '../hooks-reader.js';

/** A hook or pattern, and the endpoints that receive its events. */
export interface Targets {
  hook: string;
  endpoints: readonly Endpoint[];
}

/**
 * Lists the endpoints that would receive an event of a hook; without one, every registration in the file's order.
 * @throws CapnhookError `USAGE` for a bad hook name; `NO_INPUT` for a hook that is not in the file; as {@link HooksReader}
 */
export async function listTargets(reader: HooksReader, hook?: string): Promise<Targets[]> {
  requireHookName('tell the targets', hook);
  const hooks = await reader.load();
  const { registrations } = hooks;
  if (hook === undefined)
    return registrations.map(({ pattern, endpoints }) => ({ hook: pattern, endpoints }));
  if (!registrations.some(({ pattern }) => matchesHook(pattern, hook))) throw unknownHook(hook, hooks);
  return [{ hook, endpoints: endpointsFor(hooks, { hook }) }];
}

function unknownHook(hook: string, { registrations, endpoints }: Hooks): CapnhookError {
  const message = `Cannot tell the targets: the hooks file has no hook ${hook}`;
  const patterns = registrations.map(({ pattern }) => pattern);
  const nearest = suggest(hook, patterns);
  let hint = 'capnhook targets lists the hooks that it has.';
  if (nearest !== undefined) hint = `Did you mean ${nearest}?`;
  if (endpoints.has(hook)) hint = `${hook} is an endpoint; capnhook targets lists the hooks that lead to it.`;
  return new CapnhookError('NO_INPUT', message, { hint });
}
