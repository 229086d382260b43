/** What the drain asks of the hooks file while it runs. */
import type { CapnhookError } from '../shared/errors.js';
import type { Hooks } from './hooks.js';

/** The hooks file as it is now. */
export interface LiveHooks {
  current(): Hooks;
  /** Whether there is no file: then nobody can tell who receives a hook's events. */
  isMissing?(): boolean;
  /** Looks whether the file has changed; a broken one leaves `current` as it was. */
  refresh(): Promise<HooksRefresh>;
  /** Calls back when the file is to be read anew at once. */
  onInvalidate?(callback: () => void): void;
}

export type HooksRefresh =
  | { kind: 'same' }
  | { kind: 'reloaded' }
  | { kind: 'broken'; error: CapnhookError }
  /** It is being written, it seems: nothing is to be taken in until it is known who receives what. */
  | { kind: 'unsettled' };
