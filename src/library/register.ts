import { type Environment, hooksPath } from '../config/paths.js';
import { looksLikeUrl } from '../event/webhook-url.js';
import { addRegistration } from '../hooks/edit/edit-hooks.js';
import { editHooksFile } from '../hooks/file/hooks-file.js';
import { isHookPattern } from '../routing/pattern.js';
import { badHookPattern } from '../usecases/bad-hook.js';
import { checkedUrl } from './checked-url.js';

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
  options: RegisterOptions = {},
): Promise<{ changed: boolean }> {
  if (!isHookPattern(hook)) throw badHookPattern('register', hook);
  const target = looksLikeUrl(url) ? checkedUrl(url) : url;
  const path = hooksPath(options.env ?? process.env, options.config);
  const { changed } = await editHooksFile(path, (text) => addRegistration(text, { hook, url: target }));
  return { changed };
}
