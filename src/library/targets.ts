import type { Environment } from '../config/paths.js';
import { listTargets, type Targets } from '../usecases/targets/targets.js';
import { hooksReader } from './hooks-reader.js';

export type { Targets } from '../usecases/targets/targets.js';

export interface TargetsOptions {
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/**
 * Lists the endpoints that would receive an event of a hook; without one, every
 * registration in the file's order.
 * @throws CapnhookError `HOOKS_FILE`; `PERMISSION` if that may not be read; `USAGE` for a bad hook name; `NO_INPUT` for a hook that is not in the file
 * @example const [{ endpoints }] = await targets('build.failed');
 */
export async function targets(
  hook?: string,
  { config, env = process.env }: TargetsOptions = {},
): Promise<Targets[]> {
  return listTargets(hooksReader(env, config), hook);
}
