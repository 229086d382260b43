/** The endpoints of a drain, by id: each is acquired where it is not ours already. */
import type {
  Claim,
  ClaimOptions,
  Deferral,
  Delivery,
  DoneOptions,
  DrainSide,
  OwnedEndpoint,
  Why,
} from '../../src/spool/spool.js';

/** What a drain does with an endpoint that it owns, and the deliveries that it has claimed. */
export const own = {
  endpoint: (side: DrainSide, id: string): Promise<OwnedEndpoint> => endpoint(side, id),
  /** Ids of the endpoints that can be acquired at `now`, and are then owned, sorted. */
  async acquire(side: DrainSide, now = 0): Promise<string[]> {
    return (await side.queues.acquire({ limit: 1_000, now })).map(({ id }) => id).sort();
  },
  async claim(side: DrainSide, id: string, options: ClaimOptions): Promise<Claim> {
    return (await endpoint(side, id)).claim(options);
  },
  async done(side: DrainSide, delivery: Delivery, options?: DoneOptions): Promise<void> {
    await (await endpoint(side, delivery.endpoint)).done(delivery, options);
  },
  async defer(side: DrainSide, delivery: Delivery, deferral: Deferral): Promise<void> {
    await (await endpoint(side, delivery.endpoint)).defer(delivery, deferral);
  },
  async bury(side: DrainSide, delivery: Delivery, why: Why): Promise<void> {
    await (await endpoint(side, delivery.endpoint)).bury(delivery, why);
  },
  async giveBack(side: DrainSide, delivery: Delivery): Promise<void> {
    (await endpoint(side, delivery.endpoint)).giveBack(delivery);
  },
  async hold(side: DrainSide, delivery: Delivery): Promise<void> {
    (await endpoint(side, delivery.endpoint)).hold(delivery);
  },
};

/** @throws where another drain owns it */
async function endpoint(side: DrainSide, id: string): Promise<OwnedEndpoint> {
  const known = ownedBy.get(side) ?? new Map<string, OwnedEndpoint>();
  ownedBy.set(side, known);
  const ours = known.get(id);
  if (ours?.isOurs()) return ours;
  const owned = await side.queues.acquireOne(id);
  if (owned === undefined) throw new Error(`another drain owns ${id}`);
  known.set(id, owned);
  return owned;
}

const ownedBy = new WeakMap<DrainSide, Map<string, OwnedEndpoint>>();
