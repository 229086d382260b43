import { isHookName } from './hook-name.js';

/**
 * Whether a text is a valid key under `hooks:`: a hook's name in which whole
 * segments may be `*` (any one segment) or `**` (any number of segments, or none).
 *
 * @example
 * isHookPattern('build.*'); // true
 * isHookPattern('build.fail*'); // false
 */
export function isHookPattern(text: string): boolean {
  if (text.length > 128) return false;
  const segments = text.split('.').map((segment) => (segment === '*' || segment === '**' ? 'x' : segment));
  return isHookName(segments.join('.'));
}

/**
 * Whether a hook's name matches a pattern. On a mismatch only the last `**` takes
 * one more segment, so the time is at most segments × segments, never exponential.
 *
 * @example
 * matchesHook('build.**', 'build'); // true
 * matchesHook('build.*', 'build.linux.failed'); // false
 */
export function matchesHook(pattern: string, hook: string): boolean {
  if (!pattern.includes('*')) return pattern === hook;
  const [wanted, given] = [pattern.split('.'), hook.split('.')];
  let [at, resume, taken] = [0, -1, 0];
  for (let next = 0; next < given.length; ) {
    if (wanted[at] === '**') {
      resume = at++;
      taken = next;
    } else if (at < wanted.length && (wanted[at] === '*' || wanted[at] === given[next])) {
      at++;
      next++;
    } else if (resume >= 0) {
      at = resume + 1;
      next = ++taken;
    } else return false;
  }
  return wanted.slice(at).every((segment) => segment === '**');
}
