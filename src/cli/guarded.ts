import { CapnhookError, errorData } from '../shared/errors.js';
import { exitCodeOf, exitCodes } from '../shared/exit-codes.js';
import type { Io } from './io/io.js';
import { renderBug, renderError, renderErrorLine } from './render/error.js';
import { renderJson } from './render/json.js';
import { hideUrls } from './render/text.js';

export interface TellOptions {
  /** Whether the JSON document has the hint and the problems: then one line is enough. */
  json: boolean;
  /** Whether it is a check of a monitoring system, which reads standard output, and takes 3 for a failure; default false. */
  check?: boolean;
}

/** Prints an expected failure on standard error. @returns its exit code */
export function tellError(error: CapnhookError, io: Io, { json }: TellOptions): number {
  io.err(json ? renderErrorLine(error) : renderError(error));
  return exitCodeOf(error.code);
}

/** Runs a command, and turns its errors into messages and exit codes; with `json` into a JSON document, too. */
export async function guarded(
  command: () => Promise<number>,
  io: Io,
  { json, check = false }: TellOptions,
): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (check) return tellUnknown(error, io);
    if (error instanceof CapnhookError) {
      if (json) io.out(renderJson({ error: errorData(error) }));
      return tellError(error, io, { json });
    }
    const message = hideUrls(error instanceof Error ? error.message : String(error));
    if (json) io.out(renderJson({ error: { code: 'BUG', message } }));
    io.err(renderBug(error));
    return exitCodes.bug;
  }
}

/** Exit code of a check that could not be made. */
const unknownCode = 3;

async function tellUnknown(error: unknown, io: Io): Promise<number> {
  const { renderUnknown } = await import('./render/check.js');
  io.out(renderUnknown(hideUrls(error instanceof Error ? error.message : String(error))));
  io.err(error instanceof CapnhookError ? renderError(error) : renderBug(error));
  return unknownCode;
}
