import { hostname } from 'node:os';
import { type CommandEnd, passThrough } from '../command/pass-through.js';
import { endByKeyboard } from '../command/passed-signals.js';
import { systemClock } from '../shared/clock.js';
import { requireHookName } from '../usecases/bad-hook.js';
import type { Fired } from '../usecases/fire.js';
import { type BegunRun, runPayload } from '../usecases/run-payload.js';
import { type FireOptions, fire } from './fire.js';

export interface RunOptions extends Pick<FireOptions, 'spool' | 'clock' | 'env'> {
  /** How many bytes of the command's output the event has; default none. */
  tailBytes?: number | undefined;
  /** Fires nothing if the command succeeds; default false. */
  onlyFailures?: boolean | undefined;
  /** Fires `NAME.started` before the command is run; default false. */
  started?: boolean | undefined;
  /** Called for each event that is queued. */
  onFired?: (hook: string, fired: Fired) => void;
  /** Called for each event that cannot be queued. */
  onProblem: (hook: string, error: unknown) => void;
}

/**
 * Runs a command in this process's place, and fires `NAME.succeeded` or `NAME.failed` when it has ended. It runs
 * whether anything can be queued or not. From its start on, signals do not end this process until all is queued.
 * @throws CapnhookError `USAGE` for a bad name; nothing is run then
 */
export async function runAndFire(
  name: string,
  command: readonly string[],
  options: RunOptions,
): Promise<CommandEnd> {
  for (const end of ['', '.succeeded', '.failed', '.started']) requireHookName('run', `${name}${end}`);
  const { clock = systemClock } = options;
  const begun: BegunRun = { name, host: hostname(), startedMs: clock.now() };
  if (options.started) await tryFire(`${name}.started`, runPayload(begun), options);
  const startedAt = clock.monotonic();
  const { end, release } = await passThrough(command, options);
  const payload = runPayload(begun, { ...end, durationMs: clock.monotonic() - startedAt });
  if (end.exitCode !== 0) await tryFire(`${name}.failed`, payload, options);
  else if (!options.onlyFailures) await tryFire(`${name}.succeeded`, payload, options);
  release();
  return end;
}

/** Ends this process by SIGINT, as its command was ended, if it is in the foreground of a terminal. */
export function endLikeIt(): void {
  endByKeyboard();
}

async function tryFire(
  hook: string,
  payload: object,
  { spool, clock, env, onFired, onProblem }: RunOptions,
): Promise<void> {
  try {
    onFired?.(hook, await fire(hook, payload, { spool, clock, env }));
  } catch (error) {
    onProblem(hook, error);
  }
}
