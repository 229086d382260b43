import type { Hooks } from '../../routing/hooks.js';
import { endpointsFor } from '../../routing/match.js';
import { CapnhookError } from '../../shared/errors.js';
import { suggest } from '../../shared/suggest.js';
import { requireHookName } from '../bad-hook.js';
import type { HooksReader } from '../hooks-reader.js';

/**
 * Checks that a hook has a receiver, before an event is fired at it.
 * @throws CapnhookError `NO_INPUT` if it has none, with what was probably meant; `HOOKS_FILE` if the hooks file is
 *   missing, broken or cannot be read; `USAGE` for a bad hook name
 */
export async function requireReceiver(reader: HooksReader, hook: string): Promise<void> {
  requireHookName('fire', hook);
  const hooks = await load(reader);
  if (endpointsFor(hooks, { hook }).length > 0) return;
  const received = hooks.registrations.filter(({ endpoints }) => endpoints.length > 0);
  const patterns = received.map(({ pattern }) => pattern);
  const meant = suggest(hook, patterns);
  throw new CapnhookError('NO_INPUT', `Cannot fire: nobody is registered for ${hook} in ${reader.path}`, {
    hint:
      meant === undefined
        ? `Nothing was queued. Register a URL first: capnhook register ${hook} https://example.com/in`
        : `Nothing was queued. Did you mean ${meant}?`,
  });
}

/** A file that cannot be read is a problem of the hooks file, whatever the cause. */
async function load(reader: HooksReader): Promise<Hooks> {
  try {
    return await reader.load();
  } catch (error) {
    if (!(error instanceof CapnhookError) || error.code === 'HOOKS_FILE') throw error;
    throw new CapnhookError('HOOKS_FILE', error.message, { cause: error, hint: 'Nothing was queued.' });
  }
}
