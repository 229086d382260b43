import { type DrainOptions, drain } from '../../library/drain.js';
import { parseDuration } from '../../shared/duration.js';
import { CapnhookError } from '../../shared/errors.js';
import { exitCodes } from '../../shared/exit-codes.js';
import type { DrainSummary, Notice } from '../../usecases/drain/ports.js';
import type { Io } from '../io.js';
import type { Globals } from '../options.js';
import { renderNotice } from '../render/notice.js';
import { createStyle } from '../render/style.js';
import { renderSummary } from '../render/summary.js';

/** What was typed behind `drain`. */
export interface DrainArguments {
  daemon?: boolean | undefined;
  wait?: string | undefined;
  grace?: string | undefined;
}

/** `capnhook drain`. @throws CapnhookError `USAGE`, or as the library's `drain` */
export async function runDrain(args: DrainArguments, globals: Globals, io: Io): Promise<number> {
  const waitMs = durationOf('--wait', args.wait);
  const graceMs =
    durationOf('--grace', args.grace) ?? durationOf('CAPNHOOK_GRACE', io.env.CAPNHOOK_GRACE || undefined);
  const signals = listen(io);
  const say = createSayer(args, io);
  const logger = await createLogger(say, globals, io);
  const { daemon } = args;
  const { config, spool } = globals;
  let isReady = false;
  const options: DrainOptions = {
    config,
    spool,
    daemon,
    waitMs,
    graceMs,
    logger,
    env: io.env,
    stop: signals.stop,
    abort: signals.abort,
    showUrls: globals.showUrls,
    onReady(ready) {
      signals.onReady(ready);
      isReady = true;
      if (daemon && !globals.quiet)
        say(`started (pid ${process.pid}): spool ${ready.spool}, hooks file ${ready.config}`);
    },
  };
  try {
    const summary = await drain(options);
    if (globals.json) io.out(`${JSON.stringify(summary)}\n`);
    else if (!globals.quiet && (daemon || globals.verbose || io.isTerminal('err'))) {
      say(`${daemon ? 'ended: ' : ''}${renderSummary(summary)}`);
    }
    return signals.exitCode() ?? exitCodeFor(summary);
  } catch (error) {
    if (daemon && isReady) io.err(`${new Date().toISOString()} `); // in front of what is told of it
    throw error;
  } finally {
    signals.close();
  }
}

/** 69 if anything was given up, 75 if anything is owed still, otherwise 0. */
export function exitCodeFor({ gaveUp, owed, waiting }: DrainSummary): number {
  if (gaveUp > 0) return exitCodes.gaveUp;
  return owed + waiting > 0 ? exitCodes.temporary : exitCodes.ok;
}

function durationOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new CapnhookError(
    'USAGE',
    `Cannot drain: ${option} needs a duration, not ${JSON.stringify(text.slice(0, 40))}`,
    {
      hint: 'A duration is 500ms, 20s, 5m, 2h or 3d.',
    },
  );
}

/** A daemon's lines carry the time: nobody is there when they are written. */
function createSayer({ daemon }: DrainArguments, io: Io): (line: string) => void {
  return (line) => io.err(daemon ? `${new Date().toISOString()} ${line}\n` : `capnhook: ${line}\n`);
}

async function createLogger(
  say: (line: string) => void,
  globals: Globals,
  io: Io,
): Promise<(notice: Notice) => void> {
  const style = await createStyle(globals.color && io.isTerminal('err'));
  const { verbose, quiet } = globals;
  return (notice) => {
    if (quiet && notice.kind === 'well') return; // all else that is told without --verbose is trouble
    const line = renderNotice(notice, { verbose: verbose && !quiet, now: Date.now(), style });
    if (line !== undefined) say(line);
  };
}

interface Signals {
  stop: AbortSignal;
  abort: AbortSignal;
  onReady(control: { reload(): void }): void;
  /** 130 or 143 if a signal ended it. */
  exitCode(): number | undefined;
  close(): void;
}

/** The first SIGINT or SIGTERM stops, the second cuts off; SIGHUP reloads. */
function listen(io: Io): Signals {
  const stop = new AbortController();
  const abort = new AbortController();
  let exitCode: number | undefined;
  let reload = () => {};

  function end(code: number): () => void {
    return () => {
      exitCode ??= code;
      if (stop.signal.aborted) abort.abort();
      stop.abort();
    };
  }

  const unlisten = [
    io.onSignal('SIGINT', end(exitCodes.interrupted)),
    io.onSignal('SIGTERM', end(exitCodes.terminated)),
    io.onSignal('SIGHUP', () => reload()),
  ];
  return {
    stop: stop.signal,
    abort: abort.signal,
    onReady(control) {
      reload = control.reload;
    },
    exitCode: () => exitCode,
    close() {
      for (const each of unlisten) each();
    },
  };
}
