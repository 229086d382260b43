/** The places that each endpoint has, and how long its attempts take. */

/** An endpoint is quick while its attempts take less than this, in ms. */
export const quickMs = 1_000;

/** Weight of the latest attempt in an endpoint's typical duration. */
const latestPart = 1 / 4;

export interface Share {
  /** Places taken. */
  places: number;
  /** Typical duration of an attempt, in ms; undefined until one has ended. */
  typicalMs: number | undefined;
  isQuick: boolean;
}

export interface EndpointShares {
  /** Number of places that quick endpoints have taken together. */
  quick(): number;
  /** Takes a place. */
  enter(share: Share): void;
  /** Returns a place after an attempt of `ms`. */
  leave(share: Share, ms: number): void;
  /** An attempt in flight takes too long for a quick endpoint. */
  setSlow(share: Share): void;
}

/** Makes the sum of all shares, without a place taken. */
export function createEndpointShares(): EndpointShares {
  let quick = 0;

  function setQuick(share: Share, isQuick: boolean): void {
    if (share.isQuick === isQuick) return;
    share.isQuick = isQuick;
    quick += isQuick ? share.places : -share.places;
  }

  return {
    quick: () => quick,
    enter(share) {
      share.places += 1;
      if (share.isQuick) quick += 1;
    },
    leave(share, ms) {
      if (share.isQuick) quick -= 1;
      share.places -= 1;
      const { typicalMs = ms } = share;
      share.typicalMs = typicalMs + (ms - typicalMs) * latestPart;
      setQuick(share, share.typicalMs < quickMs);
    },
    setSlow: (share) => setQuick(share, false),
  };
}
