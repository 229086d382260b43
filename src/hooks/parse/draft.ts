import type { Secret } from '../../endpoint/endpoint.js';
import type { Positioned } from './finding.js';

/** The hooks file: every value has the right type and its offset. The values are not checked yet. */
export interface Draft {
  hooks: DraftHook[];
  /** Those under `endpoints:`. */
  endpoints: DraftEndpoint[];
  /** The endpoints of `hooks` that are defined where they are used, in the file's order. */
  inline: DraftEndpoint[];
  defaults: DraftDefaults;
}

/** A hook's name or pattern, and its items. */
export interface DraftHook {
  pattern: Positioned<string>;
  items: DraftItem[];
}

/** A receiver: an endpoint by its name, or one defined inline. */
export type DraftItem = { at: number; name: string } | { at: number; endpoint: DraftEndpoint };

/** The settings that an endpoint and `defaults` have in common. */
export interface DraftSettings {
  timeout?: Positioned<string>;
  concurrency?: Positioned<number>;
  /** A rate, or `none`. */
  rate?: Positioned<string>;
  order?: Positioned<string>;
  onFailure?: Positioned<string>;
  giveUpAfter?: Positioned<string>;
  schedule?: Positioned<readonly Positioned<string>[]>;
  jitter?: Positioned<number>;
  /** How long what was delivered is kept, or `none`. */
  sent?: Positioned<DraftSent | 'none'>;
  /** A command: its name and arguments; empty for `none`. */
  onChange?: Positioned<readonly Positioned<string>[]>;
}

/** A duration and a size. */
export interface DraftSent {
  keep?: Positioned<string> | undefined;
  maxBytes?: Positioned<string> | undefined;
}

/** Default settings of endpoints, and the settings of the whole drain. */
export interface DraftDefaults extends DraftSettings {
  maxInFlight?: Positioned<number>;
  /** A hook's name. */
  alert?: Positioned<string>;
  /** How long deliveries of an endpoint that is not registered are kept. */
  holdKeep?: Positioned<string>;
  /** How long a day's journal is kept. */
  journalKeep?: Positioned<string>;
  /** How long what is dead is kept. */
  deadKeep?: Positioned<string>;
  /** How long an unclaimed event is kept: a duration, or `drop`. */
  unclaimed?: Positioned<string>;
}

/** A URL or a reference as it is written. */
export interface DraftUrl extends Positioned<Secret> {
  /** The normalised URL, or the reference; undefined if the URL is refused. Worked out once, since it is asked for often. */
  normal: Secret | undefined;
}

/** An endpoint as it is written in the file. */
export interface DraftEndpoint extends DraftSettings {
  at: number;
  /** Its name under `endpoints:`. */
  name?: Positioned<string>;
  url?: DraftUrl;
  headers: { name: Positioned<string>; value: Positioned<Secret> }[];
  sign: Positioned<Secret>[];
  /** Nothing but a URL: it takes the settings that the URL has elsewhere in the file. */
  bare: boolean;
}

/** Every endpoint of the file: those under `endpoints:`, then the inline ones. */
export function endpointsOf(draft: Draft): DraftEndpoint[] {
  return [...draft.endpoints, ...draft.inline];
}

/** Everything that has settings: every endpoint, and the defaults. */
export function settingsOf(draft: Draft): DraftSettings[] {
  return [...endpointsOf(draft), draft.defaults];
}
