/** What endpoints' last attempts waited for when they were cut off before they had a connection. */
import type { AttemptResult } from '../../../delivery/sender.js';

export interface CutOffs {
  /** An endpoint's attempt has ended. */
  note(endpoint: string, result: AttemptResult): void;
  /** What its last attempt waited for, in words, if it was cut off. */
  of(endpoint: string): string | undefined;
}

const waitedFor = {
  name: 'the look-up of its host name has not answered',
  connection: 'there is no connection to it yet',
};

/** Makes a record without attempts. */
export function createCutOffs(): CutOffs {
  const known = new Map<string, string>();
  return {
    note(endpoint, result) {
      if (result.kind === 'aborted' && result.waitedFor !== undefined)
        known.set(endpoint, waitedFor[result.waitedFor]);
      else if (known.size > 0) known.delete(endpoint);
    },
    of: (endpoint) => known.get(endpoint),
  };
}
