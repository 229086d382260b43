import { CapnhookError } from '../shared/errors.js';
import { exitCodeOf, exitCodes } from '../shared/exit-codes.js';
import type { Io } from './io.js';
import { renderBug, renderError } from './render/error.js';

/** Runs a command; the only place that turns errors into words and exit codes. */
export async function guarded(command: () => Promise<number>, io: Io): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof CapnhookError) {
      io.err(renderError(error));
      return exitCodeOf(error.code);
    }
    io.err(renderBug(error));
    return exitCodes.bug;
  }
}
