/** What the commands that steer have in common. */
import type { EntryProblem } from '../library/operate.js';
import type { Io } from './io/io.js';
import type { Globals } from './options.js';
import { createProgress } from './render/progress.js';
import { renderCorrupt } from './render/text.js';

/** A command that has steered, or would. */
export interface Steered<Arguments> {
  args: Arguments;
  /** Whether nothing was changed. */
  isDry: boolean;
  /** When the command began, ms since the epoch. */
  now: number;
}

/** The options of the library's functions that every command passes on. */
export function steerOptions(
  { spool, config, json, quiet }: Globals,
  io: Io,
): { spool: string | undefined; config: string | undefined; env: Io['env']; onWaiting: () => void } {
  return {
    spool,
    config,
    env: io.env,
    onWaiting() {
      if (!(json || quiet)) io.err('capnhook: the running drain is at work on it; waiting for that\n');
    },
  };
}

/** What long work is given. */
export interface Watching {
  /** How much is done. */
  onProgress(done: number): void;
  /** An entry was moved to `corrupt/`, which is told. */
  onQuarantined(entry: EntryProblem): void;
}

/**
 * Does long work, with a progress bar on a terminal.
 * @param doing in a word: `dropping`
 * @param options.total how much there is to do, where that is known
 */
export async function watched<T>(
  doing: string,
  { globals, io, total }: { globals: Globals; io: Io; total?: number | undefined },
  work: (watching: Watching) => Promise<T>,
): Promise<T> {
  const progress = createProgress(io, { doing, quiet: globals.quiet });
  try {
    return await work({
      onProgress: (done) => progress.update(done, total),
      onQuarantined(entry) {
        if (globals.quiet) return;
        progress.clear();
        io.err(`capnhook: ${renderCorrupt(entry)}\n`);
      },
    });
  } finally {
    progress.end();
  }
}
