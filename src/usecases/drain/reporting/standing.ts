/** What a daemon says when it begins, or begins another log: what was told before is in a log that may be gone. */
import type { Lease } from '../../../spool/spool.js';
import type { Notice, Queued } from '../ports.js';

/** Endpoints that are told one by one. */
const maxTold = 20;

/** The notices of endpoints that are parked or paused, one each, and one for those beyond the first 20. Pure but for reads. */
export function standingNotices(queues: readonly Queued[], lease: Pick<Lease, 'health'>): Notice[] {
  const troubled = queues.filter(({ why }) => why === 'parked' || why === 'paused');
  troubled.sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1));
  const notices: Notice[] = troubled.slice(0, maxTold).map((queued) => {
    const { since } = lease.health(queued.endpoint);
    return since === undefined ? { kind: 'standing', queued } : { kind: 'standing', queued, since };
  });
  const rest = troubled.slice(maxTold);
  const count = rest.reduce((sum, each) => sum + each.count, 0);
  if (rest.length > 0) notices.push({ kind: 'more-standing', endpoints: rest.length, count });
  return notices;
}
