import { alerts, commands, orders, rates } from './conduct.js';
import { headerNames, headerValues, hosts, placeholders } from './headers.js';
import { definedEndpoints, distinctNames, endpointNames, hookPatterns } from './names.js';
import { durations, ranges, sizes } from './numbers.js';
import { oneDefinition } from './one-definition.js';
import type { Rule } from './rule.js';
import { references, urls } from './secrets.js';

/** Every rule of the hooks file. */
export const rules: readonly Rule[] = [
  hookPatterns,
  endpointNames,
  distinctNames,
  definedEndpoints,
  urls,
  references,
  headerNames,
  headerValues,
  hosts,
  placeholders,
  durations,
  sizes,
  ranges,
  rates,
  orders,
  commands,
  alerts,
  oneDefinition,
];
