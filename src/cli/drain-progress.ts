import type { Io } from './io/io.js';
import { createProgress, type Progress } from './render/progress.js';

/** Interval in which the bar is drawn again, in ms, also where every attempt hangs. */
const drawEveryMs = 1_000;

/** Makes the progress bar of a drain, which says how much was delivered; before the first delivery there is none. */
export function createDrainProgress(
  io: Pick<Io, 'isTerminal' | 'err'>,
  { quiet }: { quiet: boolean },
): Progress {
  const bar = createProgress(io, { doing: 'delivering', quiet });
  let delivered = 0;
  const timer = setInterval(() => {
    if (delivered > 0) bar.update(delivered);
  }, drawEveryMs).unref();
  return {
    ...bar,
    update(count) {
      delivered = count;
    },
    end() {
      clearInterval(timer);
      bar.end();
    },
  };
}
