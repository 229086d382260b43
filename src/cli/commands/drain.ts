import { type DrainOptions, drain, type Ready } from '../../library/drain/drain.js';
import { summaryOfError } from '../../library/drain/drain-news.js';
import { parseDuration } from '../../shared/duration.js';
import { CapnhookError } from '../../shared/errors.js';
import { exitCodeOf, exitCodes } from '../../shared/exit-codes.js';
import type { DrainSummary } from '../../usecases/drain/ports.js';
import { createDrainProgress } from '../drain-progress.js';
import { createDrainReport, type EndingSignal } from '../drain-report.js';
import { tellError } from '../guarded.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import type { Progress } from '../render/progress.js';

/** The variable with the path of a daemon's log. */
const logVariable = 'CAPNHOOK_LOG';

/** The arguments of `drain`. */
export interface DrainArguments {
  adopt?: boolean | undefined;
  daemon?: boolean | undefined;
  wait?: string | undefined;
  grace?: string | undefined;
  metrics?: string | undefined;
}

/**
 * `capnhook drain`. If the exit code is not 0, the last line gives the reason; with `--quiet` only if the reason differs
 * from the previous drain's. With `--json` there is a summary even if the drain could not begin.
 * @param print prints the summary as JSON
 * @throws CapnhookError `USAGE`; every error that is not a CapnhookError
 */
export async function runDrain(
  args: DrainArguments,
  globals: Globals,
  io: Io,
  print: (summary: object) => void = (summary) => io.out(renderJson(summary)),
): Promise<number> {
  const waitMs = durationOf('--wait', args.wait);
  const graceMs =
    durationOf('--grace', args.grace) ?? durationOf('CAPNHOOK_GRACE', io.env.CAPNHOOK_GRACE || undefined);
  // A daemon needs no bar, nor does a drain that has a line for each attempt.
  const isBarless = globals.quiet || globals.verbose || args.daemon === true;
  const progress = createDrainProgress(io, { quiet: isBarless });
  const say = createSayer(args, io, progress);
  const signals = listen(io, () => args.daemon && reopenLog(say, io));
  const report = await createDrainReport(say, { daemon: args.daemon ?? false, globals, io });
  const { daemon } = args;
  const { config, spool } = globals;
  let isReady = false;
  let done: DrainSummary | undefined;
  const options: DrainOptions = {
    config,
    spool,
    adopt: args.adopt,
    metrics: args.metrics,
    daemon,
    waitMs,
    graceMs,
    logger: report.notice,
    onProgress: progress.update,
    env: io.env,
    stop: signals.stop,
    abort: signals.abort,
    showUrls: globals.showUrls,
    onSummary(summary) {
      done = summary;
    },
    onReady(ready) {
      signals.onReady(ready);
      isReady = true;
      if (daemon && !globals.quiet) say(`started (pid ${process.pid}): ${placeOf(ready)}`);
    },
  };
  try {
    const summary = await drain(options);
    progress.end();
    if (globals.json) print(summary);
    return report.end(summary, signals.ended());
  } catch (error) {
    progress.end();
    if (!(error instanceof CapnhookError) || error.code === 'USAGE') throw error;
    if (globals.json) {
      const summary = await summaryOfError(error, { done, spool, env: io.env });
      print(summary);
    }
    if (!report.isNews(error)) return exitCodeOf(error.code);
    if (daemon && isReady) io.err(`${new Date().toISOString()} `); // the time, in front of the message
    const exitCode = tellError(error, io, globals);
    await report.fail(error);
    return exitCode;
  } finally {
    signals.close();
  }
}

function placeOf({ spool, config, metrics }: Ready): string {
  const served = metrics === undefined ? '' : `, metrics ${metrics}`;
  return `spool ${spool}, hooks file ${config}${served}`;
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

/** Makes the function that prints lines; a daemon's lines begin with the time. */
function createSayer({ daemon }: DrainArguments, io: Io, progress: Progress): (line: string) => void {
  return (line) => {
    progress.clear();
    io.err(daemon ? `${new Date().toISOString()} ${line}\n` : `capnhook: ${line}\n`);
  };
}

interface Signals {
  stop: AbortSignal;
  abort: AbortSignal;
  onReady(control: { reload(): void }): void;
  /** The signal that ended the drain, if any. */
  ended(): EndingSignal | undefined;
  close(): void;
}

/** Opens the log of `capnhook start` again, because log rotation may have renamed it. */
function reopenLog(say: (line: string) => void, io: Io): void {
  const path = io.env[logVariable];
  if (!path) return;
  const errno = io.writeWordsTo(path);
  if (errno !== undefined) say(`cannot open the log ${path} (${errno}); the old one is kept`);
}

/** The first SIGINT or SIGTERM stops, the second cuts off; SIGHUP reloads. */
function listen(io: Io, onHangUp: () => void): Signals {
  const stop = new AbortController();
  const abort = new AbortController();
  let ending: EndingSignal | undefined;
  let reload = () => {};

  function end(signal: EndingSignal): () => void {
    return () => {
      ending ??= signal;
      if (stop.signal.aborted) abort.abort();
      stop.abort();
    };
  }

  const unlisten = [
    io.onSignal('SIGINT', end({ name: 'SIGINT', exitCode: exitCodes.interrupted })),
    io.onSignal('SIGTERM', end({ name: 'SIGTERM', exitCode: exitCodes.terminated })),
    io.onSignal('SIGHUP', () => {
      onHangUp();
      reload();
    }),
  ];
  return {
    stop: stop.signal,
    abort: abort.signal,
    onReady(control) {
      reload = control.reload;
    },
    ended: () => ending,
    close() {
      for (const each of unlisten) each();
    },
  };
}
