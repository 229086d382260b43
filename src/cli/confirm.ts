import { CapnhookError } from '../shared/errors.js';
import type { Io } from './io/io.js';

export interface ConfirmOptions {
  /** As in "Cannot <doing> <what>: …". */
  doing: string;
  /** What is meant, with its number. */
  what: string;
  /** What would become of it, as in "Move <what> to dead/?". */
  question: string;
}

/**
 * Asks on the terminal whether something is to be done.
 * @returns undefined after Ctrl-C; true for `y` and `yes`
 * @throws CapnhookError `USAGE` where there is no terminal
 */
export async function confirm(
  io: Pick<Io, 'isTerminal' | 'ask'>,
  { doing, what, question }: ConfirmOptions,
): Promise<boolean | undefined> {
  if (!io.isTerminal('in') || !io.isTerminal('err')) {
    throw new CapnhookError('USAGE', `Cannot ${doing} ${what}: there is no terminal to confirm it`, {
      hint: 'Add --yes to confirm, or --dry-run to look only.',
    });
  }
  const answer = await io.ask(`${question} [y/N] `);
  return answer === undefined ? undefined : /^y(es)?$/i.test(answer.trim());
}
