/** Showing something again and again in its place, as watch(1) and top(1) do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../shared/exit-codes.js';
import { monotonicMs } from '../shared/monotonic.js';
import type { Io } from './io/io.js';

/** A look that takes long is made less often: it takes at most this part of the time. */
const pauseFactor = 10;

/** The other screen, without a cursor; and back, with one (xterm's control sequences). */
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';

export interface WatchOptions {
  /** Makes what is shown: whole lines. */
  look(): Promise<string>;
  /** Minimum time between two looks, in ms; default 2,000. */
  intervalMs?: number;
}

/**
 * Shows what `look` makes until SIGINT or SIGTERM: on a terminal in its place, and the last of it stays when it ends;
 * elsewhere one after another, until nobody reads it any more.
 * @returns the exit code
 * @throws what `look` throws
 */
export async function watch(io: Io, { look, intervalMs = 2_000 }: WatchOptions): Promise<number> {
  const end = new AbortController();
  let exitCode: number = exitCodes.ok;
  const endWith = (code: number) => () => {
    exitCode = code;
    end.abort();
  };
  const unlisten = [
    io.onSignal('SIGINT', endWith(exitCodes.interrupted)),
    io.onSignal('SIGTERM', endWith(exitCodes.terminated)),
  ];
  const isTerminal = io.isTerminal('out');
  let last = '';
  if (isTerminal) io.print(enter);
  try {
    while (!end.signal.aborted) {
      const begunAt = monotonicMs();
      last = await look();
      if (!io.print(isTerminal ? frame(last, io.terminalSize()?.rows) : last)) break;
      const took = monotonicMs() - begunAt;
      await sleep(Math.max(intervalMs, took * pauseFactor), undefined, { signal: end.signal }).catch(
        () => {},
      ); // a signal
    }
  } finally {
    if (isTerminal) io.print(`${leave}${last}`);
    for (const each of unlisten) each();
  }
  return exitCode;
}

/** The text over what was there before, cut to the height of the terminal; what flickers is not cleared first. */
function frame(text: string, rows = Infinity): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, rows - 1);
  const hidden = lines.length - shown.length;
  if (hidden > 0) shown[shown.length - 1] = `… ${hidden + 1} more lines`;
  return `${home}${shown.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`;
}
