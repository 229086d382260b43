/** Who is cut off by which signal. Thousands wait for the same one, which has one listener. */
export interface CutOffs {
  /** Has `cutOff` called when the signal is aborted. */
  add(signal: AbortSignal, cutOff: () => void): void;
  /** Has it not called any more. */
  delete(signal: AbortSignal, cutOff: () => void): void;
}

interface Group {
  waiting: Set<() => void>;
  listener: () => void;
}

/** Nobody waits. A signal that nobody waits for is let go. */
export function createCutOffs(): CutOffs {
  const groups = new Map<AbortSignal, Group>();

  function listenTo(signal: AbortSignal): Group {
    const waiting = new Set<() => void>();
    const group = { waiting, listener: () => waiting.forEach((cutOff) => void cutOff()) };
    signal.addEventListener('abort', group.listener);
    groups.set(signal, group);
    return group;
  }

  return {
    add(signal, cutOff) {
      const { waiting } = groups.get(signal) ?? listenTo(signal);
      waiting.add(cutOff);
    },
    delete(signal, cutOff) {
      const group = groups.get(signal);
      if (group === undefined) return;
      group.waiting.delete(cutOff);
      if (group.waiting.size > 0) return;
      signal.removeEventListener('abort', group.listener);
      groups.delete(signal);
    },
  };
}
