import { endLikeIt, runAndFire } from '../../library/run.js';
import { parseByteSize } from '../../shared/byte-size.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { hideUrls } from '../render/text.js';

/** The arguments of `run`. */
export interface RunArguments {
  /** What stands before `--`: one name. */
  names: readonly string[];
  /** The command with its arguments; undefined if no `--` stands before it. */
  command: readonly string[] | undefined;
  tail?: string | undefined;
  'only-failures'?: boolean | undefined;
  started?: boolean | undefined;
}

/** Maximum of `--tail`, in bytes: it is kept in memory. */
const maxTailBytes = 1024 * 1024;

/**
 * `capnhook run`: runs a command, fires how it ended, and resolves to its exit code.
 * @throws CapnhookError `USAGE`; nothing is run then
 */
export async function runRun(args: RunArguments, globals: Globals, io: Io): Promise<number> {
  const { command, tail, started } = args;
  const [name, ...others] = args.names;
  if (name === undefined) throw usage('no name is given');
  if (command === undefined) throw usage('no -- stands before the command');
  if (others.length > 0) throw usage('no single name is given');
  if (command.length === 0) throw usage('no command is given');
  const end = await runAndFire(name, command, {
    spool: globals.spool,
    env: io.env,
    started,
    onlyFailures: args['only-failures'],
    tailBytes: tail === undefined ? undefined : parseTail(tail),
    onFired: (hook, { id }) => globals.verbose && io.err(`capnhook: queued ${id} (${hook})\n`),
    onProblem: (hook, error) => io.err(`capnhook: ${hook} is not queued: ${lineOf(error)}\n`),
  });
  if (end.problem !== undefined)
    io.err(`capnhook: cannot run ${JSON.stringify(command[0]?.slice(0, 200))}: ${end.problem}\n`);
  if (end.signal === 'SIGINT') endLikeIt(); // or a shell's loop around it would go on
  return end.exitCode;
}

function parseTail(text: string): number {
  const size = text.replace(/^(\d+)([kKmM]?)$/, (_, digits: string, unit: string) => digits + unitOf(unit));
  const bytes = parseByteSize(size);
  if (bytes !== undefined && bytes <= maxTailBytes) return bytes;
  throw usage('--tail must be a size of at most 1 MiB, such as 4k', '4k is 4,096 bytes.');
}

function unitOf(letter: string): string {
  if (letter === '') return 'B';
  return letter.toLowerCase() === 'k' ? 'KiB' : 'MiB';
}

function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return hideUrls(message.split('\n', 1)[0] ?? '');
}

function usage(
  message: string,
  hint = 'capnhook run backup -- tar -czf /backup.tar.gz /home',
): CapnhookError {
  return new CapnhookError('USAGE', `Cannot run: ${message}`, { hint });
}
