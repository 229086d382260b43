import { type Environment, hooksPath } from '../config/paths.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { isHookName } from '../event/hook-name.js';
import { loadHooks } from '../hooks/hooks-file.js';
import { endpointsFor } from '../hooks/match.js';
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
 * @throws CapnhookError `HOOKS_FILE`; `PERMISSION` if that may not be read; `USAGE` for what is no hook's name
 * @example const [{ endpoints }] = await targets('build.failed');
 */
export async function targets(hook?: string, options: TargetsOptions = {}): Promise<Targets[]> {
  if (hook !== undefined && !isHookName(hook)) {
    throw badHookName('tell the targets', hook);
  }
  const hooks = await loadHooks(hooksPath(options.env ?? process.env, options.config));
  if (hook !== undefined) return [{ hook, endpoints: endpointsFor(hooks, { hook }) }];
  return hooks.registrations.map(({ pattern, endpoints }) => ({ hook: pattern, endpoints }));
}
