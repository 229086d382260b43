/** The order in which endpoints are sent to: by rank, and round robin within a rank. */
import { createRings, type Turn, type Waiting } from './rings.js';

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

/** Makes a round robin without endpoints. */
export function createRoundRobin<Endpoint extends Waiting<Endpoint>>({
  rankOf,
  firstRanks,
}: RoundRobinOptions<Endpoint>): RoundRobin<Endpoint> {
  const rings = createRings<Endpoint>();

  /** The endpoint that has waited longest in a ring, if it may go. Endpoints whose rank has changed are moved on the way. */
  function headOf(ring: Turn<Endpoint>, mayGo: (endpoint: Endpoint) => boolean): Turn<Endpoint> | undefined {
    while (ring.next !== ring) {
      const turn = ring.next!;
      const endpoint = turn.endpoint!;
      const rank = rankOf(endpoint);
      if (rank === turn.rank) return mayGo(endpoint) ? turn : undefined;
      rings.remove(turn);
      rings.append(turn, rank);
    }
    return undefined;
  }

  function firstHead(mayGo: (endpoint: Endpoint) => boolean): Turn<Endpoint> | undefined {
    let first: Turn<Endpoint> | undefined;
    for (let rank = 0; rank < firstRanks; rank += 1) {
      const head = headOf(rings.of(rank), mayGo);
      if (head !== undefined && (first === undefined || head.nth < first.nth)) first = head;
    }
    return first;
  }

  function furtherHead(mayGo: (endpoint: Endpoint) => boolean): Turn<Endpoint> | undefined {
    for (let rank = firstRanks; rank < rings.ranks(); rank += 1) {
      const head = headOf(rings.of(rank), mayGo);
      if (head !== undefined) return head;
    }
    return undefined;
  }

  return {
    add(endpoint) {
      const { turn } = endpoint;
      const rank = rankOf(endpoint);
      if (turn.rank === rank) return;
      if (turn.rank >= 0) rings.remove(turn);
      rings.append(turn, rank);
    },
    next(mayGo) {
      if (rings.size() === 0) return undefined;
      const turn = firstHead(mayGo) ?? furtherHead(mayGo);
      if (turn !== undefined) rings.remove(turn);
      return turn?.endpoint;
    },
    hasFirst() {
      for (let rank = 0; rank < firstRanks; rank += 1) if (rings.sizeOf(rank) > 0) return true;
      return false;
    },
    waitingAt: rings.sizeOf,
    isEmpty: () => rings.size() === 0,
  };
}
