import { type Environment, hooksPath } from '../config/paths.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { isHookName } from '../event/hook-name.js';
import { loadHooks } from '../hooks/file/hooks-file.js';
import type { Hooks } from '../routing/hooks.js';
import { endpointsFor, matchesHook } from '../routing/match.js';
import { CapnhookError } from '../shared/errors.js';
import { suggest } from '../shared/suggest.js';
import { badHookName } from '../usecases/bad-hook.js';

export interface TargetsOptions {
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/** A hook or pattern, and who receives its events. */
export interface Targets {
  hook: string;
  endpoints: readonly Endpoint[];
}

/**
 * Who would receive an event of a hook; without one, every registration in the
 * file's order.
 * @throws CapnhookError `HOOKS_FILE`; `PERMISSION` if that may not be read; `USAGE` for what is no hook's name; `NO_INPUT` for a hook that the file does not know
 * @example const [{ endpoints }] = await targets('build.failed');
 */
export async function targets(hook?: string, options: TargetsOptions = {}): Promise<Targets[]> {
  if (hook !== undefined && !isHookName(hook)) {
    throw badHookName('tell the targets', hook);
  }
  const hooks = await loadHooks(hooksPath(options.env ?? process.env, options.config));
  if (hook !== undefined && !hooks.registrations.some(({ pattern }) => matchesHook(pattern, hook)))
    throw unknownHook(hook, hooks);
  if (hook !== undefined) return [{ hook, endpoints: endpointsFor(hooks, { hook }) }];
  return hooks.registrations.map(({ pattern, endpoints }) => ({ hook: pattern, endpoints }));
}

function unknownHook(hook: string, { registrations, endpoints }: Hooks): CapnhookError {
  const message = `Cannot tell the targets: the hooks file has no hook ${hook}`;
  const nearest = suggest(
    hook,
    registrations.map(({ pattern }) => pattern),
  );
  let hint = 'capnhook targets lists the hooks that it has.';
  if (nearest !== undefined) hint = `Did you mean ${nearest}?`;
  if (endpoints.has(hook)) hint = `${hook} is an endpoint; capnhook targets lists the hooks that lead to it.`;
  return new CapnhookError('NO_INPUT', message, { hint });
}
