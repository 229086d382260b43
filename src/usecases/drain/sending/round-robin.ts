/** The order in which endpoints are sent to: by rank, and round robin within a rank. */
export interface RoundRobin {
  /** Puts an endpoint behind the others of its rank, unless it is waiting there already. */
  add(endpoint: string): void;
  /** Removes and returns the first endpoint that may go now. */
  next(mayGo: (endpoint: string) => boolean): string | undefined;
  /** Whether an endpoint of one of the first ranks is waiting. */
  hasFirst(): boolean;
  /** Number of endpoints that are waiting at a rank. */
  waitingAt(rank: number): number;
  /** Whether no endpoint is waiting. */
  isEmpty(): boolean;
}

export interface RoundRobinOptions {
  /** 0 goes first; an endpoint's rank may change while it waits. */
  rankOf(endpoint: string): number;
  /** Ranks below this go in the order of `add`, regardless of rank. */
  firstRanks: number;
}

/** A waiting endpoint, in the ring of its rank. */
interface Node {
  endpoint: string;
  rank: number;
  /** Its number, in the order of `add`. */
  nth: number;
  previous: Node;
  next: Node;
}

/** Makes a round robin without endpoints. */
export function createRoundRobin({ rankOf, firstRanks }: RoundRobinOptions): RoundRobin {
  const nodes = new Map<string, Node>();
  /** The head of each rank's ring, which does not stand for an endpoint. */
  const rings: Node[] = [];
  const sizes: number[] = [];
  let added = 0;

  function ringOf(rank: number): Node {
    while (rings.length <= rank) rings.push(emptyRing());
    return rings[rank]!;
  }

  function append(endpoint: string, rank: number): void {
    const ring = ringOf(rank);
    const node = { endpoint, rank, nth: added, previous: ring.previous, next: ring };
    added += 1;
    ring.previous.next = node;
    ring.previous = node;
    nodes.set(endpoint, node);
    sizes[rank] = (sizes[rank] ?? 0) + 1;
  }

  function remove(node: Node): void {
    const { endpoint, rank, previous, next } = node;
    sizes[rank]! -= 1;
    previous.next = next;
    next.previous = previous;
    // One that is garbage, and old, would keep all that come after it from being collected while they are young.
    node.next = node;
    node.previous = node;
    nodes.delete(endpoint);
  }

  /** The endpoint that has waited longest in a ring, if it may go. Endpoints whose rank has changed are moved on the way. */
  function headOf(ring: Node, mayGo: (endpoint: string) => boolean): Node | undefined {
    while (ring.next !== ring) {
      const node = ring.next;
      const rank = rankOf(node.endpoint);
      if (rank === node.rank) return mayGo(node.endpoint) ? node : undefined;
      remove(node);
      append(node.endpoint, rank);
    }
    return undefined;
  }

  function firstHead(mayGo: (endpoint: string) => boolean): Node | undefined {
    let first: Node | undefined;
    for (let rank = 0; rank < firstRanks; rank += 1) {
      const head = headOf(ringOf(rank), mayGo);
      if (head !== undefined && (first === undefined || head.nth < first.nth)) first = head;
    }
    return first;
  }

  function furtherHead(mayGo: (endpoint: string) => boolean): Node | undefined {
    for (let rank = firstRanks; rank < rings.length; rank += 1) {
      const head = headOf(rings[rank]!, mayGo);
      if (head !== undefined) return head;
    }
    return undefined;
  }

  return {
    add(endpoint) {
      const node = nodes.get(endpoint);
      const rank = rankOf(endpoint);
      if (node?.rank === rank) return;
      if (node !== undefined) remove(node);
      append(endpoint, rank);
    },
    next(mayGo) {
      if (nodes.size === 0) return undefined;
      const node = firstHead(mayGo) ?? furtherHead(mayGo);
      if (node !== undefined) remove(node);
      return node?.endpoint;
    },
    hasFirst: () => rings.slice(0, firstRanks).some((ring) => ring.next !== ring),
    waitingAt: (rank) => sizes[rank] ?? 0,
    isEmpty: () => nodes.size === 0,
  };
}

function emptyRing(): Node {
  const ring = { endpoint: '', rank: -1, nth: -1 } as Node;
  ring.previous = ring;
  ring.next = ring;
  return ring;
}
