/** How attempts are cut off: all together, or one alone. */
export interface Cut {
  signal: AbortSignal;
  /** Cuts off this attempt alone; undefined where it cannot be. */
  cutOff?: () => void;
  /** The attempt has ended. */
  end(): void;
}

export interface Cuts {
  /** For attempts that are only cut off with all others: they share a signal, which is cheap. */
  common: Cut;
  /** For an attempt that may be cut off alone. */
  own(): Cut;
  /** Cuts off all attempts, those to come included. */
  all(): void;
}

/** Makes the signals of a drain's attempts. */
export function createCuts(): Cuts {
  const forAll = new AbortController();
  const alone = new Set<AbortController>();

  return {
    common: { signal: forAll.signal, end() {} },
    own() {
      const controller = new AbortController();
      if (forAll.signal.aborted) controller.abort();
      alone.add(controller);
      return {
        signal: controller.signal,
        cutOff: () => controller.abort(),
        end: () => void alone.delete(controller),
      };
    },
    all() {
      forAll.abort();
      for (const controller of alone) controller.abort();
    },
  };
}
