/** A list of things with a time, of which the earliest comes first. */
export interface Heap<T> {
  push(at: number, item: T): void;
  /** The earliest one. */
  first(): Timed<T> | undefined;
  /** Removes and returns the earliest one. */
  pop(): Timed<T> | undefined;
}

export interface Timed<T> {
  at: number;
  item: T;
}

/** Makes an empty heap, a binary one. */
export function createHeap<T>(): Heap<T> {
  const heap: Timed<T>[] = [];

  /** Moves the one at an index up to its place. */
  function rise(from: number): void {
    const timed = heap[from]!;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]!.at <= timed.at) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = timed;
  }

  /** Moves the first one down to its place. */
  function sink(): void {
    const timed = heap[0]!;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below += 1;
      if (heap[below]!.at >= timed.at) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = timed;
  }

  return {
    push(at, item) {
      heap.push({ at, item });
      rise(heap.length - 1);
    },
    first: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined || first === last) return first;
      heap[0] = last;
      sink();
      return first;
    },
  };
}
