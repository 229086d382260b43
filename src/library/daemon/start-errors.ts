/** Why a daemon could not be started. */
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import { errorCodeOf, exitCodes } from '../../shared/exit-codes.js';

/** The error that the daemon ended with, as an error of this process. */
export function endedEarly(
  said: string,
  { exitCode, busy }: { exitCode: number | null; busy: boolean },
): Error {
  if (exitCode === exitCodes.terminated || exitCode === exitCodes.interrupted)
    return new CapnhookError('TEMPORARY', 'Cannot start the daemon: it was ended before it was ready', {
      hint: 'It was stopped, by capnhook stop or with a signal.',
    });
  const words = said.trim() || `it said nothing (exit code ${exitCode})`;
  const message = `Cannot start the daemon: it ended immediately:\n${words}`;
  const code = errorCodeOf(exitCode);
  if (code === undefined) return new Error(message);
  return new CapnhookError(code === 'TEMPORARY' && busy ? 'BUSY' : code, message);
}

/** No process can be started. */
export function cannotSpawn(cause: Error): CapnhookError {
  return new CapnhookError(
    'TEMPORARY',
    `Cannot start the daemon: no process can be started (${errnoOf(cause)})`,
    { cause },
  );
}

/** The daemon has not begun in time. */
export function tooSlow(log: string, pid: number | undefined): CapnhookError {
  const which = pid === undefined ? '' : ` (pid ${pid}, which still runs)`;
  return new CapnhookError(
    'TEMPORARY',
    `Cannot tell whether the daemon has started: it takes too long${which}`,
    { hint: `Look into its log: ${log}` },
  );
}
