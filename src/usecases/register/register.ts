import { isHookPattern } from '../../event/hook-pattern.js';
import { looksLikeUrl } from '../../event/webhook-url.js';
import { badHookPattern } from '../bad-hook.js';
import { checkedUrl } from './checked-url.js';
import type { Registrations } from './registrations.js';

/**
 * Registers a URL, or an endpoint of the hooks file, for a hook or a pattern.
 * @returns whether the file has changed
 * @throws CapnhookError `USAGE`, and as {@link Registrations.add}
 */
export async function registerEndpoint(
  registrations: Pick<Registrations, 'add'>,
  { hook, target }: { hook: string; target: string },
): Promise<{ changed: boolean }> {
  if (!isHookPattern(hook)) throw badHookPattern('register', hook);
  return registrations.add({ hook, url: looksLikeUrl(target) ? checkedUrl(target) : target });
}
