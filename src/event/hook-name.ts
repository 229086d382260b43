const HOOK_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Whether a text is a valid hook name: 1 to 128 of `A-Z a-z 0-9 _ . -`, beginning
 * with a letter, a digit or `_`, without an empty segment (`..`) inside.
 *
 * @example
 * isHookName('build.failed'); // true
 * isHookName('../etc'); // false
 */
export function isHookName(text: string): boolean {
  return HOOK_NAME.test(text) && !text.includes('..');
}
