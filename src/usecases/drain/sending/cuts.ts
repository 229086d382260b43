/** How attempts are cut off: all together, or one alone. */
import { type CutSignal, createCut } from '../../../shared/cut.js';

export interface AttemptCut {
  signal: CutSignal;
  /** Cuts off this attempt alone; undefined where it cannot be. */
  cutOff?: () => void;
  /** The attempt has ended. */
  end(): void;
}

export interface Cuts {
  /** For attempts that are only cut off with all others: they share a signal. */
  common: AttemptCut;
  /** For an attempt that may be cut off alone. */
  own(): AttemptCut;
  /** Cuts off all attempts, those to come included. */
  all(): void;
}

/** Makes the signals of a drain's attempts. */
export function createCuts(): Cuts {
  const forAll = createCut();
  const alone = new Set<() => void>();

  return {
    common: { signal: forAll.signal, end() {} },
    own() {
      const { signal, cutOff } = createCut();
      if (forAll.signal.aborted) cutOff();
      alone.add(cutOff);
      return { signal, cutOff, end: () => void alone.delete(cutOff) };
    },
    all() {
      forAll.cutOff();
      for (const cutOff of alone) cutOff();
    },
  };
}
