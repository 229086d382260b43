import { spoolPath } from '../../config/paths.js';
import { drop, type Operated } from '../../library/operate.js';
import { exitCodes } from '../../shared/exit-codes.js';
import { confirm } from '../confirm.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { renderEndpoints, renderHooks, renderStates } from '../render/operated.js';
import { commandLine, isNothing, type SelectArguments, selectionOf } from '../selection.js';
import { type Steered, steerOptions, watched } from '../steer.js';

/** The arguments of `drop`. */
export interface DropArguments extends SelectArguments {
  'dry-run'?: boolean | undefined;
  yes?: boolean | undefined;
}

/**
 * `capnhook drop`; 75 where a drain was asked and has not answered, 130 after Ctrl-C.
 * @throws CapnhookError `USAGE` without `--yes` and without a terminal, or as the library's `drop`
 */
export async function runDrop(args: DropArguments, globals: Globals, io: Io): Promise<number> {
  return dropSelected(args, { doing: 'drop', globals, io });
}

/** `capnhook flush`: the same for everything, or for a hook. @throws as {@link runDrop} */
export async function runFlush(
  args: Pick<DropArguments, 'hook' | 'dry-run' | 'yes'>,
  globals: Globals,
  io: Io,
): Promise<number> {
  return dropSelected({ ...args, all: true }, { doing: 'flush', globals, io });
}

interface Dropping {
  /** The command's name. */
  doing: string;
  globals: Globals;
  io: Io;
}

async function dropSelected(args: DropArguments, dropping: Dropping): Promise<number> {
  const { doing, globals, io } = dropping;
  const now = Date.now();
  const selected = selectionOf(args, { doing, now });
  // What is accepted while it is counted, and while a person reads the question, stays.
  const before = isNothing(args) ? undefined : (selected.before ?? now + 1);
  const options = { ...selected, before, ...steerOptions(globals, io) };
  const dryRun = args['dry-run'] ?? false;
  let total: number | undefined;
  if (dryRun || !args.yes) {
    const found = await drop({ ...options, dryRun: true });
    if (dryRun || found.count === 0) return tell(found, { ...dropping, args, isDry: dryRun, now });
    total = found.count;
    const what = `${renderStates(found)} ${renderHooks(found)} in the spool ${spoolPath(io.env, globals.spool)}`;
    const retry =
      commandLine(['retry'], args, { endpoints: found.endpoints, globals, now }) ?? 'capnhook retry';
    const instead =
      doing === 'flush' ? `To send it now instead: ${args.hook ? retry : `${retry} --all`}\n` : '';
    const question = `${instead}Move ${what} to dead/?`;
    const answer = await confirm(io, { doing, what, question });
    if (!answer) {
      io.err(`capnhook: nothing was ${doing === 'flush' ? 'flushed' : 'dropped'}\n`);
      return answer === undefined ? exitCodes.interrupted : exitCodes.ok;
    }
  }
  const done = await watched('dropping', { globals, io, total }, (watching) =>
    drop({ ...options, ...watching }),
  );
  return tell(done, { ...dropping, args, isDry: false, now });
}

function tell(operated: Operated, { io, ...steered }: Dropping & Steered<DropArguments>): number {
  const { globals, isDry } = steered;
  if (globals.json) io.out(renderJson(isDry ? { ...operated, dryRun: true } : operated));
  const words = render(operated, steered);
  if (operated.isPending || !(globals.json || globals.quiet)) io.err(`capnhook: ${words}\n`);
  return operated.isPending ? exitCodes.temporary : exitCodes.ok;
}

function render(
  operated: Operated,
  { args, isDry, globals, now }: Steered<DropArguments> & { globals: Globals },
): string {
  const { count, endpoints, isPending } = operated;
  if (count === 0) return 'nothing to drop: nothing of it is queued';
  const whom = endpoints.length === 0 ? '' : ` for ${renderEndpoints(operated)}`;
  const what = `${renderStates(operated)}${whom}`;
  if (isDry) return `would move ${what} to dead/; nothing was changed`;
  if (isPending)
    return `the running drain was asked to move ${what} to dead/, and has got no further for 15 s; it does so when it can, or else the next drain does`;
  const undo = commandLine(['retry', '--reason', 'dropped'], args, { endpoints, globals, now });
  return `moved ${what} to dead/\n  Undo: ${undo ?? 'capnhook retry --reason dropped, with the same ids'}`;
}
