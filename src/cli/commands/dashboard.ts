import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Dashboard, dashboard } from '../../library/dashboard/dashboard.js';
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import { exitCodes } from '../../shared/exit-codes.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderBug } from '../render/error.js';
import { renderJson } from '../render/json.js';

/** The arguments of `dashboard`. */
export interface DashboardArguments {
  listen?: string | undefined;
  open?: boolean | undefined;
  'read-only'?: boolean | undefined;
}

/** How long the file that opens a browser stays, in ms: as long as its code is good. */
const openingMs = 120_000;

/**
 * `capnhook dashboard`: serves the page until a signal.
 * @throws CapnhookError as the library's `dashboard`
 */
export async function runDashboard(args: DashboardArguments, globals: Globals, io: Io): Promise<number> {
  const { spool, config } = globals;
  const stopped = stopSignal(io);
  const served = await dashboard({
    listen: args.listen,
    readOnly: args['read-only'],
    onBug: (error) => io.err(renderBug(error)),
    spool,
    config,
    env: io.env,
  });
  const { origin, url, isPublic } = served;
  io.print(globals.json ? renderJson({ url, readOnly: args['read-only'] === true }) : `${url}\n`);
  if (!globals.quiet) {
    io.err(`capnhook: the dashboard is at ${origin}; the address above lets you in. Ctrl-C ends it\n`);
    if (isPublic) io.err(`capnhook: ${unencrypted}\n`);
  }
  const closeBrowser = args.open ? await openBrowser(served, io) : () => {};
  const exitCode = await stopped;
  closeBrowser();
  await served.close();
  return exitCode;
}

const unencrypted =
  'other machines can reach it, and nothing is encrypted; ssh -L 8710:127.0.0.1:8710 is safer than --listen';

/** Resolves to the exit code, at the first signal. A second one ends the process. */
function stopSignal(io: Io): Promise<number> {
  return new Promise((resolve) => {
    const endWith = (exitCode: number) => () => {
      for (const forget of unlisten) forget();
      resolve(exitCode);
    };
    const unlisten = [
      io.onSignal('SIGINT', endWith(exitCodes.interrupted)),
      io.onSignal('SIGTERM', endWith(exitCodes.terminated)),
    ];
  });
}

/** Opens the page in a browser. @returns what removes the file that let it in */
async function openBrowser({ writeOpeningFile }: Dashboard, io: Io): Promise<() => void> {
  const file = writeOpeningFile();
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [file.path], { stdio: 'ignore', detached: true, env: io.env });
  try {
    await once(child, 'spawn');
    child.unref();
  } catch (error) {
    file.remove();
    const errno = errnoOf(error);
    if (errno === undefined) throw new CapnhookError('TEMPORARY', 'Cannot open a browser', { cause: error });
    io.err(`capnhook: no browser could be opened (${program}: ${errno}); open the address yourself\n`);
    return () => {};
  }
  const timer = setTimeout(file.remove, openingMs);
  return () => {
    clearTimeout(timer);
    file.remove();
  };
}
