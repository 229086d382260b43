/** Turns of the event loop. */
export interface Turns {
  /** How many there were. */
  count(): number;
  /** Counts no more. */
  stop(): void;
}

/** Counts turns from now on. */
export function countTurns(): Turns {
  let turns = 0;
  let isOver = false;
  const next = () => {
    turns += 1;
    if (!isOver) setImmediate(next);
  };
  setImmediate(next);
  return {
    count: () => turns,
    stop() {
      isOver = true;
    },
  };
}
