import { type Exported, exportEvents } from '../../library/exchange.js';
import type { SelectOptions } from '../../library/operate.js';
import { CapnhookError } from '../../shared/errors.js';
import { exitCodes } from '../../shared/exit-codes.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { renderStates } from '../render/operated.js';
import { count, safe } from '../render/text.js';
import { type SelectArguments, selectionOf } from '../selection.js';
import { steerOptions, watched } from '../steer.js';

/** The arguments of `export`. */
export interface ExportArguments extends Omit<SelectArguments, 'ids' | 'all'> {
  /** A file, or `-` for standard output. */
  to: string;
  id?: readonly string[] | undefined;
  /** Names of states, with commas. */
  state?: string | undefined;
  move?: boolean | undefined;
}

/** Size of the pieces that are written to standard output, in bytes. */
const pieceBytes = 65_536;

/**
 * `capnhook export`; 75 where something that was moved to `dead/` could not be exported.
 * @throws CapnhookError `USAGE` for `--move -`, or as the library's `exportEvents`
 */
export async function runExport(args: ExportArguments, globals: Globals, io: Io): Promise<number> {
  const { to, move = false, id, state } = args;
  const isToOutput = to === '-';
  if (isToOutput && move) throw cannotMoveToOutput();
  const options = {
    ...selectionOf({ ...args, ids: id }, { doing: 'export', now: Date.now() }),
    ...steerOptions(globals, io),
    states: state?.split(',') as SelectOptions['states'],
    move,
  };
  const output = isToOutput ? createOutput(io) : undefined;
  const exported = await watched('exporting', { globals, io }, ({ onProgress }) =>
    exportEvents(output?.write ?? to, { ...options, onProgress }),
  );
  output?.end();
  if (globals.json && !isToOutput) io.out(renderJson(exported));
  if (exported.left !== undefined || !(globals.json || globals.quiet))
    io.err(`capnhook: ${render(exported, args)}\n`);
  return exported.left === undefined ? exitCodes.ok : exitCodes.temporary;
}

function render(exported: Exported, { to, move }: ExportArguments): string {
  const { count: events, left } = exported;
  const where = to === '-' ? 'standard output' : safe(to);
  if (events === 0 && left === undefined) return `nothing to export; ${where} is an archive without entries`;
  const parts = [`${renderStates(exported)} ${move ? 'moved' : 'copied'} to ${where}`];
  if (left !== undefined)
    parts.push(
      `${count(left, 'event')} cannot be exported now, and ${left === 1 ? 'is' : 'are'} in dead/: capnhook retry --reason exported puts ${left === 1 ? 'it' : 'them'} back`,
    );
  if (to === '-') return parts.join('; ');
  const undo = move ? 'Undo' : 'Next, in the other spool';
  return `${parts.join('; ')}\n  ${undo}: capnhook import ${safe(to)}`;
}

/** Standard output, written in larger pieces. */
function createOutput(io: Io): { write(bytes: Uint8Array): void; end(): void } {
  let pieces: Uint8Array[] = [];
  let waiting = 0;
  function end(): void {
    const isOpen = io.print(Buffer.concat(pieces));
    pieces = [];
    waiting = 0;
    if (!isOpen) throw outputClosed();
  }
  return {
    write(bytes) {
      pieces.push(bytes);
      waiting += bytes.byteLength;
      if (waiting >= pieceBytes) end();
    },
    end,
  };
}

function cannotMoveToOutput(): CapnhookError {
  return new CapnhookError(
    'USAGE',
    'Cannot export: --move needs a file, which is durable before anything is removed',
    {
      hint: 'Name a file, or leave --move out: capnhook export - copies.',
    },
  );
}

function outputClosed(): CapnhookError {
  return new CapnhookError(
    'SPOOL_WRITE',
    'Cannot export: standard output was closed, and the archive is not whole',
    {
      hint: 'Nothing was changed.',
    },
  );
}
