/** The drain's view of the hooks file while it runs. */
import type { CapnhookError } from '../shared/errors.js';
import type { Hooks } from './hooks.js';

/** The present contents of the hooks file. */
export interface LiveHooks {
  current(): Hooks;
  /** Whether the file does not exist. The receivers of a hook's events are then unknown. */
  isMissing?(): boolean;
  /** Reads the file again if it has changed. A broken file leaves `current` as it was. */
  refresh(): Promise<HooksRefresh>;
  /** Calls back when the file must be read again immediately. */
  onInvalidate?(callback: () => void): void;
}

export type HooksRefresh =
  | { kind: 'same' }
  | { kind: 'reloaded' }
  | { kind: 'broken'; error: CapnhookError }
  /** The file is probably being written. The drain takes in no events until the receivers are known. */
  | { kind: 'unsettled' };
