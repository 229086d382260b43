import { isEndpointName } from '../../../endpoint/endpoint-id.js';
import { isHookPattern } from '../../../event/hook-pattern.js';
import { suggest } from '../../../shared/suggest.js';
import { quoted } from '../finding.js';
import type { Rule } from './rule.js';

/** Maximum number of suggestions per file: each compares a word with every name. */
const MAX_SUGGESTIONS = 20;
const MAX_CANDIDATES = 1_000;

export const hookPatterns: Rule = {
  name: 'a hook has a name that can be fired, or is a pattern of such names',
  *check({ hooks }) {
    for (const { at, value } of hooks.map((hook) => hook.pattern)) {
      if (isHookPattern(value)) continue;
      const rule = /\*/.test(value)
        ? "in a pattern a whole segment is '*' or '**', as in 'build.*'"
        : "it takes letters, digits, '_', '-' and single dots, at most 128, and begins with no dot or dash";
      yield { at, message: `bad hook name${spaced(quoted(value))}; ${rule}` };
    }
  },
};

export const endpointNames: Rule = {
  name: "an endpoint's name is safe as a file name",
  *check({ endpoints }) {
    for (const { name } of endpoints) {
      if (name === undefined || isEndpointName(name.value)) continue;
      const rule = "it takes letters, digits, '_' and '-', at most 64, and begins with no dash";
      yield { at: name.at, message: `bad endpoint name${spaced(quoted(name.value))}; ${rule}` };
    }
  },
};

export const distinctNames: Rule = {
  name: 'names of endpoints differ by more than case',
  *check({ endpoints }) {
    const seen = new Map<string, string>();
    for (const { name } of endpoints) {
      if (name === undefined) continue;
      const other = seen.get(name.value.toLowerCase());
      if (other === undefined) seen.set(name.value.toLowerCase(), name.value);
      else {
        const both = [other, name.value].map((one) => quoted(one) ?? 'two names').join(' and ');
        yield {
          at: name.at,
          message: `${both} differ only by case, which some file systems do not keep; rename one`,
        };
      }
    }
  },
};

export const definedEndpoints: Rule = {
  name: 'a registration names an endpoint that is defined',
  *check({ hooks, endpoints }) {
    const names = new Set(endpoints.flatMap(({ name }) => (name === undefined ? [] : [name.value])));
    const candidates = [...names].slice(0, MAX_CANDIDATES);
    let suggestions = 0;
    for (const item of hooks.flatMap((hook) => hook.items)) {
      if (!('name' in item) || names.has(item.name)) continue;
      if (!isEndpointName(item.name)) {
        yield { at: item.at, message: "this is neither a URL (https://…) nor an endpoint's name" };
        continue;
      }
      const nearest = suggestions++ < MAX_SUGGESTIONS ? suggest(item.name, candidates) : undefined;
      const shown = nearest === undefined ? undefined : quoted(nearest);
      const advice =
        shown === undefined ? "define it under 'endpoints:' or write its URL" : `did you mean ${shown}?`;
      yield { at: item.at, message: `undefined endpoint${spaced(quoted(item.name))}; ${advice}` };
    }
  },
};

function spaced(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}
