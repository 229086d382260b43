/** Counts of what is queued, read without the lock. */
import type { DiscardRequest, Spool } from '../../spool/spool.js';

/** The number of deliveries that a request matches. */
export async function countMatching(
  spool: Pick<Spool, 'survey'>,
  { select, stays }: DiscardRequest,
): Promise<number> {
  let count = 0;
  for await (const _ of spool.survey({ select, stays })) count += 1;
  return count;
}

/** The number of deliveries that are queued for some endpoints. */
export async function countQueued(spool: Pick<Spool, 'backlog'>, ids: Iterable<string>): Promise<number> {
  let queued = 0;
  for (const id of ids) {
    for await (const { waiting, retrying } of spool.backlog(id)) queued += waiting + retrying;
  }
  return queued;
}

/** The ids of the endpoints that have deliveries queued. */
export async function idsWithDeliveries(spool: Pick<Spool, 'backlog'>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { endpoint, waiting, retrying } of spool.backlog())
    if (waiting + retrying > 0) ids.push(endpoint);
  return ids;
}

/** The number of dead deliveries of some endpoints. */
export async function countDead(spool: Pick<Spool, 'backlog'>, ids: Iterable<string>): Promise<number> {
  let count = 0;
  for (const id of ids) for await (const { dead } of spool.backlog(id)) count += dead;
  return count;
}
