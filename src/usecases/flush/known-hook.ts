import { matchesHook } from '../../event/hook-pattern.js';
import { CapnhookError } from '../../shared/errors.js';
import { suggest } from '../../shared/suggest.js';
import { type HooksReader, loadIfUsable } from '../hooks-reader.js';

/**
 * Checks that a hook without queued events is in the hooks file: it may be mistyped.
 * @param others names of hooks that have queued events
 * @throws CapnhookError `NO_INPUT`
 */
export async function requireKnownHook(
  hook: string,
  { others, hooks }: { others: ReadonlySet<string>; hooks: HooksReader },
): Promise<void> {
  const registrations = (await loadIfUsable(hooks))?.registrations ?? []; // a flush needs no hooks file
  const patterns = registrations.map(({ pattern }) => pattern);
  if (patterns.some((pattern) => matchesHook(pattern, hook))) return;
  const nearest = suggest(hook, [...others, ...patterns]);
  throw new CapnhookError(
    'NO_INPUT',
    `Cannot flush: no hook ${hook} is known, and nothing is queued for it`,
    {
      hint: nearest === undefined ? 'capnhook targets lists the hooks.' : `Did you mean ${nearest}?`,
    },
  );
}
