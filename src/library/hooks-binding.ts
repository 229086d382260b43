/** One spool, one hooks file: another one would put everything on hold that it does not know, or send it elsewhere. */
import { lstatSync } from 'node:fs';
import { CapnhookError } from '../shared/errors.js';
import type { Spool } from '../spool/spool.js';

export interface BindingOptions {
  /** The hooks file's absolute path, as it was named. */
  config: string;
  /** Whether it takes over from another one. */
  adopt: boolean;
  /** What cannot be done otherwise, as in "Cannot <doing>: …". */
  doing: string;
}

/**
 * Checks that the spool is not bound to another hooks file.
 * @throws CapnhookError `HOOKS_FILE` if it is
 */
export async function checkBinding(spool: Spool, { config, adopt, doing }: BindingOptions): Promise<void> {
  const bound = await spool.boundTo();
  if (bound !== undefined && bound !== config && !adopt) throw isBoundTo(bound, { config, doing });
}

/**
 * Binds the spool to the hooks file; a file that is missing binds nothing.
 * @throws CapnhookError as {@link checkBinding}
 */
export async function bindTo(spool: Spool, { config, adopt, doing }: BindingOptions): Promise<void> {
  if (lstatSync(config, { throwIfNoEntry: false }) === undefined) return;
  const bound = await spool.bind(config, { again: adopt });
  if (bound !== config) throw isBoundTo(bound, { config, doing });
}

function isBoundTo(bound: string, { config, doing }: { config: string; doing: string }): CapnhookError {
  return new CapnhookError(
    'HOOKS_FILE',
    `Cannot ${doing}: this spool belongs to the hooks file ${bound}, and ${config} is another one`,
    { hint: 'Use that one, or a spool of its own (--spool); to take this spool over, add --adopt once.' },
  );
}
