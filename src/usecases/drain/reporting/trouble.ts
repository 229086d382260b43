/** Notices of existing trouble, for a daemon that begins, or begins another log: earlier notices are in an older log. */
import type { EndpointsById } from '../../../spool/spool.js';
import type { Notice, Queued } from '../ports.js';

/** Maximum number of endpoints with a notice of their own. */
const maxNamed = 20;

/** Makes a notice for each endpoint that is parked or paused, and one for those beyond the first 20. Only reads. */
export function troubleNotices(queues: readonly Queued[], byId: Pick<EndpointsById, 'health'>): Notice[] {
  const troubled = queues.filter(({ why }) => why === 'parked' || why === 'paused');
  troubled.sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1));
  const notices: Notice[] = troubled.slice(0, maxNamed).map((queued) => {
    const { pause, since = pause?.at } = byId.health(queued.endpoint);
    return since === undefined ? { kind: 'standing', queued } : { kind: 'standing', queued, since };
  });
  const rest = troubled.slice(maxNamed);
  const count = rest.reduce((sum, each) => sum + each.count, 0);
  if (rest.length > 0) notices.push({ kind: 'more-standing', endpoints: rest.length, count });
  return notices;
}
