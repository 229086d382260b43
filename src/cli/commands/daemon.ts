import { start } from '../../library/daemon/start.js';
import { stop } from '../../library/daemon/stop.js';
import { parseDuration } from '../../shared/duration.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';

/** The arguments of `start`. */
export interface StartArguments {
  log?: string | undefined;
  adopt?: boolean | undefined;
  metrics?: string | undefined;
}

/** `capnhook start`. @throws as the library's `start` */
export async function runStart(
  { log, adopt, metrics }: StartArguments,
  globals: Globals,
  io: Io,
): Promise<number> {
  const { config, spool } = globals;
  const env = { ...io.env, ...asVariables(globals) };
  const started = await start({ config, spool, log, adopt, metrics, env });
  if (globals.json) io.out(renderJson(started));
  else if (!globals.quiet) {
    const what = started.started
      ? `started (pid ${started.pid}); log: ${started.log}`
      : `already running (pid ${started.pid})`;
    io.err(`capnhook: ${what}\n`);
  }
  return 0;
}

/** The daemon's output options, as variables of its environment. */
function asVariables({ verbose, showUrls }: Globals): Record<string, string> {
  const variables: Record<string, string> = {};
  if (verbose) variables.CAPNHOOK_VERBOSE = '1';
  if (showUrls) variables.CAPNHOOK_SHOW_URLS = '1';
  return variables;
}

/** `capnhook stop`. @throws as the library's `stop` */
export async function runStop(
  { timeout }: { timeout?: string | undefined },
  globals: Globals,
  io: Io,
): Promise<number> {
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout);
  if (timeout !== undefined && timeoutMs === undefined) {
    throw new CapnhookError('USAGE', 'Cannot stop: --timeout needs a duration, such as 500ms, 20s or 5m');
  }
  const { holder } = await stop({ spool: globals.spool, env: io.env, timeoutMs });
  if (globals.json) io.out(renderJson({ stopped: holder !== undefined, pid: holder?.pid }));
  else if (!globals.quiet) {
    io.err(
      holder === undefined
        ? 'capnhook: nothing to stop: no drain is running\n'
        : `capnhook: stopped (pid ${holder.pid})\n`,
    );
  }
  return 0;
}
