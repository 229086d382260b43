import { matchesHook } from '../../event/hook-pattern.js';
import { CapnhookError } from '../../shared/errors.js';
import { suggest } from '../../shared/suggest.js';
import type { HooksReader } from '../hooks-reader.js';

/**
 * Checks that a hook without queued events is in the hooks file: it may be mistyped.
 * @param others names of hooks that have queued events
 * @throws CapnhookError `NO_INPUT`
 */
export async function requireKnownHook(
  hook: string,
  { others, hooks }: { others: ReadonlySet<string>; hooks: HooksReader },
): Promise<void> {
  const patterns = await patternsOf(hooks);
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

/** The hooks and patterns of the hooks file; none where it cannot be read, because a flush needs none. */
async function patternsOf(hooks: HooksReader): Promise<string[]> {
  try {
    return (await hooks.load()).registrations.map(({ pattern }) => pattern);
  } catch (error) {
    if (error instanceof CapnhookError) return [];
    throw error;
  }
}
