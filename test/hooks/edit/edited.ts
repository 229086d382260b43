import { addRegistration, removeRegistration } from '../../../src/hooks/edit/edit-hooks.js';
import { parseHooks } from '../../../src/hooks/parse/parse-hooks.js';

/** The URL that is added. */
export const Y = 'https://y.example/in';

/** Adds a URL to the text of a hooks file. */
export const add = (text: string, hook = 'a', url: string = Y): ReturnType<typeof addRegistration> =>
  addRegistration(text, { hook, url });

/** Removes an endpoint from the text of a hooks file. */
export const remove = (text: string, target: string, hook?: string): ReturnType<typeof removeRegistration> =>
  removeRegistration(text, { target, hook });

/** What the file says, by ids. */
export function says(text: string): Record<string, string[]> {
  const parsed = parseHooks(text);
  if (!parsed.ok) throw new Error(`${JSON.stringify(parsed.problems)} in\n${text}`);
  return Object.fromEntries(
    parsed.hooks.registrations.map(({ pattern, endpoints }) => [pattern, endpoints.map(({ id }) => id)]),
  );
}
