import { type Environment, hooksPath, spoolPath } from '../config/paths.js';
import { loadHooks } from '../hooks/file/hooks-file.js';
import { openRegistrations } from '../hooks/file/registrations.js';
import { type Deregistered, deregisterEndpoint, isEndpointFirst } from '../usecases/register/deregister.js';
import { spoolPorts } from './open-spool.js';

export type { Deregistered } from '../usecases/register/deregister.js';
export type { KnownEndpoint, ProbablyMeant } from '../usecases/register/probably-meant.js';

export interface DeregisterOptions {
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Only from this hook or pattern; default: from all of them. */
  hook?: string | undefined;
  /** Leaves what is queued for it where it is, on hold; default false. */
  keep?: boolean | undefined;
  /** Changes nothing, and returns what would be changed; default false. */
  dryRun?: boolean | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
  /** Called once, where a running drain takes longer than two seconds to move them and is still at work. */
  onWaiting?: (() => void) | undefined;
}

/**
 * Removes a URL or an endpoint from every hook, or from one, and moves what is queued for it and has no other
 * registration to `dead/`. Where a drain is running, that one moves it.
 * @param target a URL, the name of an endpoint in the hooks file, or an endpoint's id
 * @throws CapnhookError `USAGE`, `HOOKS_FILE` (a broken file is not touched), `BUSY`, `PERMISSION`, `SPOOL_WRITE`
 * @example const { moved } = await deregister('https://example.com/in');
 */
export async function deregister(target: string, options: DeregisterOptions = {}): Promise<Deregistered> {
  const { hook, keep, dryRun, onWaiting, env = process.env } = options;
  const root = spoolPath(env, options.spool);
  const registrations = openRegistrations(hooksPath(env, options.config));
  const ports = { ...spoolPorts(root), registrations };
  return deregisterEndpoint(ports, { target, hook, keep, dryRun, onWaiting });
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
  return isEndpointFirst(await loadHooks(hooksPath(env, config)), first, second);
}
