import type { Event } from '../../src/event/event.js';
import type { ClaimOptions, Delivery, DrainSide, OwnedEndpoint, Spool } from '../../src/spool/spool.js';
import { fanOut } from '../support/spool-kit.js';

/** A spool to test: a new one at each call. */
export type OpenSpool = () => { spool: Spool; setNow(ms: number): void };

export const why = { reason: 'gave-up', message: 'too old', attempts: 9, time: '2026-11-23T12:00:00.000Z' };

export async function drainOf(spool: Spool): Promise<DrainSide> {
  const result = await spool.join('pass');
  if (!result.joined) throw new Error('the spool is held');
  return result.side;
}

export async function queue(
  { spool, side }: { spool: Spool; side: DrainSide },
  fired: readonly Event[],
  endpoints: readonly string[] = ['a'],
): Promise<void> {
  for (const each of fired) await spool.enqueue(each);
  while ((await fanOut(side, () => endpoints)).more);
}

export async function queued(
  open: OpenSpool,
  fired: readonly Event[],
  endpoints: readonly string[] = ['a'],
): Promise<ReturnType<OpenSpool> & { side: DrainSide }> {
  const under = open();
  const side = await drainOf(under.spool);
  await queue({ spool: under.spool, side }, fired, endpoints);
  return { ...under, side };
}

export async function acquired(side: DrainSide, now = 0, limit = 100): Promise<readonly OwnedEndpoint[]> {
  return side.queues.acquire({ limit, now });
}

export async function idsAcquired(side: DrainSide, now = 0, limit = 100): Promise<string[]> {
  return (await acquired(side, now, limit)).map(({ id }) => id).sort();
}

export async function claimed(
  owned: OwnedEndpoint,
  options: Partial<ClaimOptions> = {},
): Promise<readonly Delivery[]> {
  return (await owned.claim({ limit: 1000, now: 0, ...options })).deliveries;
}

export function ids(deliveries: readonly Delivery[]): string[] {
  return deliveries.map((delivery) => delivery.event.id);
}
