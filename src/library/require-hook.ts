import type { Environment } from '../config/paths.js';
import { requireReceiver } from '../usecases/targets/require-receiver.js';
import { hooksReader } from './hooks-reader.js';

export interface RequireHookOptions {
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/**
 * Checks that a hook has a receiver, before an event is fired at it.
 * @throws CapnhookError `NO_INPUT` if it has none, with what was probably meant; `HOOKS_FILE` if the hooks file is
 *   missing, broken or cannot be read; `USAGE` for a bad hook name
 */
export async function requireHook(
  hook: string,
  { config, env = process.env }: RequireHookOptions = {},
): Promise<void> {
  await requireReceiver(hooksReader(env, config), hook);
}
