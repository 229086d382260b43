import { type Environment, hooksPath } from '../config/paths.js';
import { isHookName } from '../event/hook-name.js';
import { loadHooks } from '../hooks/file/hooks-file.js';
import type { Hooks } from '../routing/hooks.js';
import { endpointsFor } from '../routing/match.js';
import { CapnhookError } from '../shared/errors.js';
import { suggest } from '../shared/suggest.js';
import { badHookName } from '../usecases/bad-hook.js';

export interface RequireHookOptions {
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/**
 * Checks that somebody is registered for a hook, before anything is fired at it.
 * @throws CapnhookError `NO_INPUT` if nobody is, with what was probably meant; `HOOKS_FILE` if the hooks file is
 *   missing, broken or cannot be read; `USAGE` for what is no hook's name
 */
export async function requireHook(hook: string, options: RequireHookOptions = {}): Promise<void> {
  if (!isHookName(hook)) throw badHookName('fire', hook);
  const path = hooksPath(options.env ?? process.env, options.config);
  const hooks = await load(path);
  if (endpointsFor(hooks, { hook }).length > 0) return;
  const received = hooks.registrations.filter(({ endpoints }) => endpoints.length > 0);
  const meant = suggest(
    hook,
    received.map(({ pattern }) => pattern),
  );
  throw new CapnhookError('NO_INPUT', `Cannot fire: nobody is registered for ${hook} in ${path}`, {
    hint:
      meant === undefined
        ? `Nothing was queued. Register a URL first: capnhook register ${hook} https://example.com/in`
        : `Nothing was queued. Did you mean ${meant}?`,
  });
}

/** Whatever keeps the file from being read, nobody can tell who is registered. */
async function load(path: string): Promise<Hooks> {
  try {
    return await loadHooks(path);
  } catch (error) {
    if (!(error instanceof CapnhookError) || error.code === 'HOOKS_FILE') throw error;
    throw new CapnhookError('HOOKS_FILE', error.message, { cause: error, hint: 'Nothing was queued.' });
  }
}
