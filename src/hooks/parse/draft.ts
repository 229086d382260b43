import type { Secret } from '../../endpoint/endpoint.js';
import type { Placed } from './finding.js';

/** The hooks file, every value of the right type and with its place; what the values say is not checked yet. */
export interface Draft {
  hooks: DraftHook[];
  endpoints: DraftEndpoint[];
  defaults: DraftDefaults;
}

/** A hook's name or pattern, and its items. */
export interface DraftHook {
  pattern: Placed<string>;
  items: DraftItem[];
}

/** Who receives: an endpoint by its name, or one written on the spot. */
export type DraftItem = { at: number; name: string } | { at: number; endpoint: DraftEndpoint };

/** The settings that an endpoint and `defaults` have in common. */
export interface DraftSettings {
  timeout?: Placed<string>;
  concurrency?: Placed<number>;
  /** A rate, or `none`. */
  rate?: Placed<string>;
  order?: Placed<string>;
  onFailure?: Placed<string>;
  giveUpAfter?: Placed<string>;
  schedule?: Placed<readonly Placed<string>[]>;
  jitter?: Placed<number>;
  /** A command: its name and arguments; empty for `none`. */
  onChange?: Placed<readonly Placed<string>[]>;
}

/** The settings of endpoints that say nothing else, and those of the whole drain. */
export interface DraftDefaults extends DraftSettings {
  maxInFlight?: Placed<number>;
  /** A hook's name. */
  alert?: Placed<string>;
  /** How long deliveries of an endpoint that is not registered are kept. */
  holdKeep?: Placed<string>;
  /** How long the journal of a day is kept. */
  journalKeep?: Placed<string>;
  /** How long an unclaimed event is kept: a duration, or `drop`. */
  unclaimed?: Placed<string>;
}

/** An endpoint as it is written. */
export interface DraftEndpoint extends DraftSettings {
  at: number;
  /** Its name under `endpoints:`. */
  name?: Placed<string>;
  url?: Placed<Secret>;
  headers: { name: Placed<string>; value: Placed<Secret> }[];
  sign: Placed<Secret>[];
  /** Nothing but a URL: it takes the settings that the URL has elsewhere in the file. */
  bare: boolean;
}

/** Every endpoint written in the file: those under `endpoints:`, then the inline ones. */
export function endpointsOf(draft: Draft): DraftEndpoint[] {
  return [...draft.endpoints, ...inlineEndpointsOf(draft)];
}

/** All that settings are written for: every endpoint, and the defaults. */
export function settingsOf(draft: Draft): DraftSettings[] {
  return [...endpointsOf(draft), draft.defaults];
}

/** The endpoints written on the spot, in the file's order. */
export function inlineEndpointsOf(draft: Draft): DraftEndpoint[] {
  return draft.hooks.flatMap((hook) =>
    hook.items.flatMap((item) => ('endpoint' in item ? [item.endpoint] : [])),
  );
}
