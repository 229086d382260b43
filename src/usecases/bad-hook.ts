import { isHookName } from '../event/hook-name.js';
import { CapnhookError } from '../shared/errors.js';
import { shown } from '../shared/shown.js';

/**
 * Refuses what is no hook's name, for whatever it was given; also before the spool is looked for.
 * @param doing as in "Cannot <doing>: …"
 * @throws CapnhookError `USAGE`
 */
export function requireHookName(doing: string, hook: string | undefined): void {
  if (hook === undefined || isHookName(hook)) return;
  throw new CapnhookError('USAGE', `Cannot ${doing}: ${shown(hook)} is not a hook's name`, {
    hint: 'A name has letters, digits, "_", "." and "-", at most 128 of them, begins with a letter, digit or "_", and has no "..".',
  });
}

/** What is neither a hook's name nor a pattern. @param doing as in "Cannot <doing>: …" */
export function badHookPattern(doing: string, hook: string): CapnhookError {
  const isSwapped = hook.includes('/');
  return new CapnhookError('USAGE', `Cannot ${doing}: ${shown(hook)} is not the name or pattern of a hook`, {
    hint: isSwapped
      ? 'The hook comes first: capnhook register complete https://example.com/in'
      : "A hook looks like build.failed, a pattern like 'build.*' or 'build.**'.",
  });
}
