import { matchesHook } from '../../event/hook-pattern.js';
import { CapnhookError } from '../../shared/errors.js';
import { suggest } from '../../shared/suggest.js';
import { type HooksLoader, loadIfUsable } from '../hooks-reader.js';

/**
 * Checks that a hook, or a pattern, for which nothing was found is in the hooks file: it may be mistyped.
 * @param options.others names of hooks for which there is something
 * @param options.doing as in "Cannot <doing>: …"
 * @throws CapnhookError `NO_INPUT`
 */
export async function requireKnownHook(
  hook: string,
  { others, hooks, doing }: { others: Iterable<string>; hooks: HooksLoader; doing: string },
): Promise<void> {
  const registrations = (await loadIfUsable(hooks))?.registrations ?? []; // what is in the spool can be steered without it
  const patterns = registrations.map(({ pattern }) => pattern);
  if (patterns.some((pattern) => matchesHook(pattern, hook) || matchesHook(hook, pattern))) return;
  const nearest = suggest(hook, [...others, ...patterns]);
  throw new CapnhookError(
    'NO_INPUT',
    `Cannot ${doing}: no hook ${hook} is known, and there is nothing of it`,
    {
      hint: nearest === undefined ? 'capnhook targets lists the hooks.' : `Did you mean ${nearest}?`,
    },
  );
}
