import { CapnhookError } from '../shared/errors.js';
import { exitCodeOf, exitCodes } from '../shared/exit-codes.js';
import type { Io } from './io/io.js';
import { renderBug, renderError } from './render/error.js';

/** Prints an expected failure. @returns its exit code */
export function tellError(error: CapnhookError, io: Io): number {
  io.err(renderError(error));
  return exitCodeOf(error.code);
}

/** Runs a command, and turns its errors into messages and exit codes. */
export async function guarded(command: () => Promise<number>, io: Io): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof CapnhookError) return tellError(error, io);
    io.err(renderBug(error));
    return exitCodes.bug;
  }
}
