import type { Endpoint } from '../../../endpoint/endpoint.js';
import { buildEndpoint, buildSettings, urlKey } from '../build.js';
import type { Draft } from '../draft.js';
import { quoted } from '../finding.js';
import type { Rule } from './rule.js';

export const oneDefinition: Rule = {
  name: 'a URL has the same settings wherever it is written with settings',
  *check(draft) {
    const defaults = buildSettings(draft.defaults);
    const seen = namedDefinitions(draft, defaults);
    for (const endpoint of draft.inline) {
      const key = urlKey(endpoint);
      if (endpoint.bare || key === undefined) continue;
      const settings = settingsText(buildEndpoint(endpoint, defaults));
      const first = seen.get(key);
      if (first === undefined) seen.set(key, { settings });
      else if (first.settings !== settings) {
        const where =
          first.name === undefined ? 'above' : `as the endpoint ${quoted(first.name) ?? 'with a name'}`;
        const message = `this URL is defined ${where} with other settings; define it once, and use its name`;
        yield { at: endpoint.at, message };
      }
    }
  },
};

type Defaults = ReturnType<typeof buildSettings>;

function namedDefinitions(
  draft: Draft,
  defaults: Defaults,
): Map<string, { settings: string; name?: string }> {
  const seen = new Map<string, { settings: string; name?: string }>();
  for (const endpoint of draft.endpoints) {
    const key = urlKey(endpoint);
    if (key === undefined || seen.has(key) || endpoint.name === undefined) continue;
    seen.set(key, { settings: settingsText(buildEndpoint(endpoint, defaults)), name: endpoint.name.value });
  }
  return seen;
}

function settingsText({ headers, ...settings }: Endpoint): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ ...settings, id: undefined, headers: sorted });
}
