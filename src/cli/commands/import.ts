import { type Imported, importEvents } from '../../library/exchange.js';
import { exitCodes } from '../../shared/exit-codes.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { renderStates } from '../render/operated.js';
import { steerOptions, watched } from '../steer.js';

/** The arguments of `import`. */
export interface ImportArguments {
  /** A file, or `-` for standard input. */
  from: string;
}

/** `capnhook import`; 75 where a drain was asked and has not answered. @throws CapnhookError as the library's `importEvents` */
export async function runImport({ from }: ImportArguments, globals: Globals, io: Io): Promise<number> {
  const { spool, env, onWaiting } = steerOptions(globals, io);
  const imported = await watched('importing', { globals, io }, (watching) =>
    importEvents(from === '-' ? piecesOf(io) : from, { spool, env, onWaiting, ...watching }),
  );
  if (globals.json) io.out(renderJson(imported));
  if (imported.isPending || !(globals.json || globals.quiet)) io.err(`capnhook: ${render(imported)}\n`);
  return imported.isPending ? exitCodes.temporary : exitCodes.ok;
}

async function* piecesOf(io: Io): AsyncGenerator<Uint8Array> {
  yield* io.inputPieces();
}

function render(imported: Imported): string {
  const { count, added, isDraining, isPending } = imported;
  if (count === 0) return 'nothing to import: the archive has no entries';
  const what = renderStates(imported);
  if (isPending)
    return `${what} are kept whole, and the running drain has got no further with them for 15 s; it imports them when it can, or else the next drain does`;
  const there = added === undefined || added === count ? '' : `, ${count - added} of them were there already`;
  const next = isDraining ? 'the running drain goes on with it' : 'nobody drains: capnhook drain sends it';
  return `${what} imported${there}; ${next}`;
}
