/** The payload of the events of `run`. */
import { isoTime } from '../shared/iso-time.js';

/** A command that was begun. */
export interface BegunRun {
  /** The name of the run, without `.started` and so on. */
  name: string;
  host: string;
  /** When it was started, in ms since the epoch. */
  startedMs: number;
}

/** How it ended. */
export interface EndedRun {
  durationMs: number;
  exitCode: number;
  /** The signal that ended it; then there is no exit code in the payload. */
  signal?: string | undefined;
  /** Why it was not run. */
  problem?: string | undefined;
  /** The end of its output. */
  tail?: string | undefined;
}

/** What receivers get, as JSON; `schemas/run.schema.json` describes it. */
export interface RunPayload {
  version: 1;
  name: string;
  host: string;
  startedAt: string;
  durationMs?: number | undefined;
  exitCode?: number | undefined;
  signal?: string | undefined;
  problem?: string | undefined;
  tail?: string | undefined;
}

/** The payload of `NAME.started`; with `ended` that of `NAME.succeeded` or `NAME.failed`. */
export function runPayload({ name, host, startedMs }: BegunRun, ended?: EndedRun): RunPayload {
  const begun = { version: 1 as const, name, host, startedAt: isoTime(startedMs) };
  if (ended === undefined) return begun;
  const { durationMs, exitCode, signal, problem, tail } = ended;
  return {
    ...begun,
    durationMs: Math.round(durationMs),
    exitCode: signal === undefined ? exitCode : undefined,
    signal,
    problem,
    tail,
  };
}
