import { parseHooks } from '../../../src/hooks/parse/parse-hooks.js';
import type { Hooks } from '../../../src/routing/hooks.js';

/** The hooks of a file without problems. */
export function hooksOf(text: string): Hooks {
  const parsed = parseHooks(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.hooks;
}

/** The problems of a file: `line:column message` of each. */
export function problemsOf(text: string): string[] {
  const parsed = parseHooks(text);
  return parsed.ok ? [] : parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

/** An endpoint with these settings. */
export const endpoint = (settings: string): string =>
  `endpoints: {e: {url: 'https://a.example', ${settings}}}`;

/** The column at which the settings of {@link endpoint} begin. */
export const E: number = "endpoints: {e: {url: 'https://a.example', ".length + 1;
