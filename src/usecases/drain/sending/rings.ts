/** Endpoints that wait, in a ring for each rank. They carry their links, so that nothing is allocated when one begins to wait. */

/** An endpoint's place in the ring of its rank; the head of a ring has no endpoint. */
export interface Turn<Endpoint> {
  endpoint: Endpoint | undefined;
  /** -1 while it does not wait. */
  rank: number;
  /** Its number, in the order of `add`. */
  nth: number;
  /** Undefined while it does not wait. */
  previous: Turn<Endpoint> | undefined;
  next: Turn<Endpoint> | undefined;
}

/** What waits carries its turn. */
export interface Waiting<Endpoint> {
  readonly turn: Turn<Endpoint>;
}

/** Makes the turn of an endpoint, which does not wait. */
export function newTurn<Endpoint>(endpoint?: Endpoint): Turn<Endpoint> {
  return { endpoint, rank: -1, nth: -1, previous: undefined, next: undefined };
}

/** The rings of endpoints that wait, by rank. */
export interface Rings<Endpoint> {
  /** The head of a rank's ring. */
  of(rank: number): Turn<Endpoint>;
  /** Puts a turn at the end of a ring. */
  append(turn: Turn<Endpoint>, rank: number): void;
  /** Takes a turn out of its ring. */
  remove(turn: Turn<Endpoint>): void;
  /** How many ranks there have been. */
  ranks(): number;
  /** How many endpoints wait, at all ranks or at one. */
  size(): number;
  sizeOf(rank: number): number;
}

/** Makes rings without endpoints. */
export function createRings<Endpoint>(): Rings<Endpoint> {
  const rings: Turn<Endpoint>[] = [];
  const sizes: number[] = [];
  let added = 0;
  let size = 0;

  function ringOf(rank: number): Turn<Endpoint> {
    while (rings.length <= rank) {
      rings.push(emptyRing());
      sizes.push(0);
    }
    return rings[rank]!;
  }

  return {
    of: ringOf,
    append(turn, rank) {
      const ring = ringOf(rank);
      const last = ring.previous!;
      turn.rank = rank;
      turn.nth = added;
      turn.previous = last;
      turn.next = ring;
      last.next = turn;
      ring.previous = turn;
      added += 1;
      size += 1;
      sizes[rank]! += 1;
    },
    remove(turn) {
      const { rank, previous, next } = turn;
      sizes[rank]! -= 1;
      size -= 1;
      previous!.next = next;
      next!.previous = previous;
      turn.rank = -1;
      turn.previous = undefined;
      turn.next = undefined;
    },
    ranks: () => rings.length,
    size: () => size,
    sizeOf: (rank) => sizes[rank] ?? 0,
  };
}

function emptyRing<Endpoint>(): Turn<Endpoint> {
  const ring = newTurn<Endpoint>();
  ring.previous = ring;
  ring.next = ring;
  return ring;
}
