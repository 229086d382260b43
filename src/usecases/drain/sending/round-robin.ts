/** The order in which endpoints are sent to: by rank, and round robin within a rank. */
export interface RoundRobin<Endpoint> {
  /** Puts an endpoint behind the others of its rank, unless it is waiting there already. */
  add(endpoint: Endpoint): void;
  /** Removes and returns the first endpoint that may go now. */
  next(mayGo: (endpoint: Endpoint) => boolean): Endpoint | undefined;
  /** Whether an endpoint of one of the first ranks is waiting. */
  hasFirst(): boolean;
  /** Number of endpoints that are waiting at a rank. */
  waitingAt(rank: number): number;
  /** Whether no endpoint is waiting. */
  isEmpty(): boolean;
}

export interface RoundRobinOptions<Endpoint> {
  /** 0 goes first; an endpoint's rank may change while it waits. */
  rankOf(endpoint: Endpoint): number;
  /** Ranks below this go in the order of `add`, regardless of rank. */
  firstRanks: number;
}

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

/** Makes a round robin without endpoints. */
export function createRoundRobin<Endpoint extends Waiting<Endpoint>>({
  rankOf,
  firstRanks,
}: RoundRobinOptions<Endpoint>): RoundRobin<Endpoint> {
  /** The head of each rank's ring. */
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

  function append(turn: Turn<Endpoint>, rank: number): void {
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
  }

  function remove(turn: Turn<Endpoint>): void {
    const { rank, previous, next } = turn;
    sizes[rank]! -= 1;
    size -= 1;
    previous!.next = next;
    next!.previous = previous;
    turn.rank = -1;
    turn.previous = undefined;
    turn.next = undefined;
  }

  /** The endpoint that has waited longest in a ring, if it may go. Endpoints whose rank has changed are moved on the way. */
  function headOf(ring: Turn<Endpoint>, mayGo: (endpoint: Endpoint) => boolean): Turn<Endpoint> | undefined {
    while (ring.next !== ring) {
      const turn = ring.next!;
      const endpoint = turn.endpoint!;
      const rank = rankOf(endpoint);
      if (rank === turn.rank) return mayGo(endpoint) ? turn : undefined;
      remove(turn);
      append(turn, rank);
    }
    return undefined;
  }

  function firstHead(mayGo: (endpoint: Endpoint) => boolean): Turn<Endpoint> | undefined {
    let first: Turn<Endpoint> | undefined;
    for (let rank = 0; rank < firstRanks; rank += 1) {
      const head = headOf(ringOf(rank), mayGo);
      if (head !== undefined && (first === undefined || head.nth < first.nth)) first = head;
    }
    return first;
  }

  function furtherHead(mayGo: (endpoint: Endpoint) => boolean): Turn<Endpoint> | undefined {
    for (let rank = firstRanks; rank < rings.length; rank += 1) {
      const head = headOf(rings[rank]!, mayGo);
      if (head !== undefined) return head;
    }
    return undefined;
  }

  return {
    add(endpoint) {
      const { turn } = endpoint;
      const rank = rankOf(endpoint);
      if (turn.rank === rank) return;
      if (turn.rank >= 0) remove(turn);
      append(turn, rank);
    },
    next(mayGo) {
      if (size === 0) return undefined;
      const turn = firstHead(mayGo) ?? furtherHead(mayGo);
      if (turn !== undefined) remove(turn);
      return turn?.endpoint;
    },
    hasFirst: () => rings.slice(0, firstRanks).some((ring) => ring.next !== ring),
    waitingAt: (rank) => sizes[rank] ?? 0,
    isEmpty: () => size === 0,
  };
}

function emptyRing<Endpoint>(): Turn<Endpoint> {
  const ring = newTurn<Endpoint>();
  ring.previous = ring;
  ring.next = ring;
  return ring;
}
