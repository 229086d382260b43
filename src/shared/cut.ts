/** Cutting off what is under way. An AbortSignal does the same; one for each attempt takes a noticeable part of a drain's time. */

import { removeUnordered } from './remove-unordered.js';

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
  const listeners: Array<() => void> = [];
  const signal = {
    aborted: false,
    addEventListener: (_type: 'abort', listener: () => void) => void listeners.push(listener),
    removeEventListener: (_type: 'abort', listener: () => void) => removeUnordered(listeners, listener),
  };
  return {
    signal,
    cutOff() {
      signal.aborted = true;
      while (listeners.length > 0) listeners.shift()!();
    },
  };
}
