import { type Environment, hooksPath } from '../config/paths.js';
import { openRegistrations } from '../hooks/file/registrations.js';
import { registerEndpoint } from '../usecases/register/register.js';

export interface RegisterOptions {
  /** The hooks file, made if it is missing; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
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
  { config, env = process.env }: RegisterOptions = {},
): Promise<{ changed: boolean }> {
  return registerEndpoint(openRegistrations(hooksPath(env, config)), { hook, target: url });
}
