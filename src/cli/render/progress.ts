/** How far long work has come, on a terminal. The only importer of cli-progress. */
import { Writable } from 'node:stream';
import type { SingleBar } from 'cli-progress';
import { monotonicMs } from '../../shared/monotonic.js';
import type { Io } from '../io/io.js';

/** A progress bar, which is there only after a second, and only on a terminal. */
export interface Progress {
  /**
   * Says how far the work has come.
   * @param total all there is to do; undefined where that is not known: then the bar is left out
   */
  update(done: number, total?: number): void;
  /** Removes the bar until it is drawn again, so that a line can be written. */
  clear(): void;
  /** Removes the bar for good. To be called in any case. */
  end(): void;
}

export interface ProgressOptions {
  /** What is done, in a word or two: `dropping`. */
  doing: string;
  /** With `--quiet` there is no bar. */
  quiet: boolean;
  /** Monotonic ms. */
  now?: () => number;
}

/** Work that takes no longer than this has no bar, in ms. */
const showAfterMs = 1_000;

const none: Progress = { update() {}, clear() {}, end() {} };

/** Makes the bar of one piece of work, which begins now. It is written to standard error. */
export function createProgress(
  io: Pick<Io, 'isTerminal' | 'err'>,
  { doing, quiet, now = monotonicMs }: ProgressOptions,
): Progress {
  if (quiet || !io.isTerminal('err')) return none;
  const beganAt = now();
  let bar: SingleBar | undefined;
  let state: 'young' | 'loading' | 'shown' | 'ended' = 'young';
  let latest: { done: number; total: number | undefined } = { done: 0, total: undefined };

  function values(): { rate: string; doing: string } {
    return { doing, rate: String(Math.round((latest.done * 1000) / Math.max(now() - beganAt, 1))) };
  }

  async function show(): Promise<void> {
    const { SingleBar } = (await import('cli-progress')).default;
    if (state === 'ended') return;
    const { done, total } = latest;
    bar = new SingleBar({
      stream: terminalOf(io),
      format:
        total === undefined
          ? '{doing}: {value} ({rate}/s)'
          : '{doing} [{bar}] {percentage}% {value}/{total} ({rate}/s, {eta_formatted} left)',
      barsize: 20,
      linewrap: true, // it would have to be undone if the process is killed
      clearOnComplete: true,
      etaBuffer: 50,
    });
    bar.start(total ?? 0, done, values());
    state = 'shown';
  }

  return {
    update(done, total) {
      latest = { done, total };
      if (state === 'young' && now() - beganAt >= showAfterMs) {
        state = 'loading';
        void show();
      }
      if (total !== undefined && bar !== undefined) bar.setTotal(Math.max(total, done));
      bar?.update(done, values());
    },
    clear() {
      if (state === 'shown') io.err('\r\u001b[K');
    },
    end() {
      if (state === 'ended') return;
      state = 'ended';
      bar?.stop();
    },
  };
}

/** The terminal as the stream that cli-progress writes to. */
function terminalOf(io: Pick<Io, 'err'>): NodeJS.WritableStream {
  const stream = new Writable({
    decodeStrings: false,
    write(text, _encoding, written) {
      io.err(String(text));
      written();
    },
  });
  return Object.assign(stream, { isTTY: true, columns: process.stderr.columns });
}
