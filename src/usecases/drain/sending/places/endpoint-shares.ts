/** The places that each endpoint has, and how long its attempts take. */

/** An endpoint is quick while its attempts take less than this, in ms. */
export const quickMs = 1_000;

/** Weight of the latest attempt in an endpoint's typical duration. */
const latestPart = 1 / 4;

/** Maximum number of endpoints that are remembered, unless more have attempts in flight. */
const maxRemembered = 16_384;

export interface Share {
  /** Places taken. */
  places: number;
  /** Typical duration of an attempt, in ms; undefined until one has ended. */
  typicalMs: number | undefined;
  isQuick: boolean;
}

export interface EndpointShares {
  find(endpoint: string): Readonly<Share>;
  /** Number of places that an endpoint has taken. */
  at(endpoint: string): number;
  /** Number of places that quick endpoints have taken together. */
  quick(): number;
  /** Takes a place. */
  enter(endpoint: string): Share;
  /** Returns a place after an attempt of `ms`. */
  leave(share: Share, ms: number): void;
  /** An attempt in flight takes too long for a quick endpoint. */
  setSlow(share: Share): void;
}

const unknown: Readonly<Share> = { places: 0, typicalMs: undefined, isQuick: false };

/** Makes the shares of all endpoints, without a place taken. */
export function createEndpointShares(): EndpointShares {
  const shares = new Map<string, Share>();
  let quick = 0;

  function setQuick(share: Share, isQuick: boolean): void {
    if (share.isQuick === isQuick) return;
    share.isQuick = isQuick;
    quick += isQuick ? share.places : -share.places;
  }

  function learn(share: Share, ms: number): void {
    const { typicalMs = ms } = share;
    share.typicalMs = typicalMs + (ms - typicalMs) * latestPart;
    setQuick(share, share.typicalMs < quickMs);
  }

  function add(endpoint: string): Share {
    if (shares.size >= maxRemembered) forgetOne();
    const share = { ...unknown };
    shares.set(endpoint, share);
    return share;
  }

  /** Forgets the endpoint that is known for longest, of those without a place. */
  function forgetOne(): void {
    for (const [endpoint, { places }] of shares) {
      if (places > 0) continue;
      shares.delete(endpoint);
      return;
    }
  }

  return {
    find: (endpoint) => shares.get(endpoint) ?? unknown,
    at: (endpoint) => shares.get(endpoint)?.places ?? 0,
    quick: () => quick,
    enter(endpoint) {
      const share = shares.get(endpoint) ?? add(endpoint);
      share.places += 1;
      if (share.isQuick) quick += 1;
      return share;
    },
    leave(share, ms) {
      if (share.isQuick) quick -= 1;
      share.places -= 1;
      learn(share, ms);
    },
    setSlow: (share) => setQuick(share, false),
  };
}
