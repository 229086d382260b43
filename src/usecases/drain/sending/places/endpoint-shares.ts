/** The places that each endpoint has, and how long its attempts take. */

/** An endpoint is quick while its attempts take less than this, in ms. */
export const quickMs = 1_000;

/** Weight of the latest attempt in an endpoint's typical duration. */
const latestPart = 1 / 4;

/** Maximum number of endpoints without an attempt in flight whose typical duration is remembered. */
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
  leave(endpoint: string, share: Share, ms: number): void;
  /** An attempt in flight takes too long for a quick endpoint. */
  setSlow(share: Share): void;
}

const unknown: Readonly<Share> = { places: 0, typicalMs: undefined, isQuick: false };

/** Makes the shares of all endpoints, without a place taken. */
export function createEndpointShares(): EndpointShares {
  const busy = new Map<string, Share>();
  /** Endpoints without an attempt in flight; the most recent one comes last. */
  const remembered = new Map<string, Share>();
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

  function remember(endpoint: string, share: Share): void {
    busy.delete(endpoint);
    remembered.set(endpoint, share);
    if (remembered.size <= maxRemembered) return;
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest);
      return;
    }
  }

  return {
    find: (endpoint) => busy.get(endpoint) ?? remembered.get(endpoint) ?? unknown,
    at: (endpoint) => busy.get(endpoint)?.places ?? 0,
    quick: () => quick,
    enter(endpoint) {
      const share = busy.get(endpoint) ?? remembered.get(endpoint) ?? { ...unknown };
      remembered.delete(endpoint);
      busy.set(endpoint, share);
      share.places += 1;
      if (share.isQuick) quick += 1;
      return share;
    },
    leave(endpoint, share, ms) {
      if (share.isQuick) quick -= 1;
      share.places -= 1;
      learn(share, ms);
      if (share.places === 0) remember(endpoint, share);
    },
    setSlow: (share) => setQuick(share, false),
  };
}
