/** Cutting off what is under way. An AbortSignal does the same; one for each attempt takes a noticeable part of a drain's time. */

/** As much of an AbortSignal as is needed. */
export interface CutSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface Cut {
  readonly signal: CutSignal;
  /** Calls all listeners, each once. */
  cutOff(): void;
}

/** Nothing is cut off yet. Thousands may listen to one signal. */
export function createCut(): Cut {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
  };
  return {
    signal,
    cutOff() {
      if (signal.aborted) return;
      signal.aborted = true;
      for (const listener of listeners) listener();
      listeners.clear();
    },
  };
}
