import { momentOf } from '../../shared/clock.js';
import type { DrainParts } from './parts.js';
import type { DrainPorts, Queued } from './ports.js';
import { queuedOf } from './reporting/queues.js';

/** Reads the deliveries that each endpoint still has queued, and why. */
export async function readQueues(
  { lease, clock }: DrainPorts,
  { routing, settler }: Pick<DrainParts, 'routing' | 'settler'>,
): Promise<Queued[]> {
  const moment = momentOf(clock);
  const queues: Queued[] = [];
  for (const endpoint of lease.owing()) {
    const held = lease.onHold(endpoint);
    if (held > 0) queues.push({ endpoint, count: held, why: 'on-hold' });
    const count = (await lease.owed(endpoint)) - held;
    if (count <= 0) continue;
    const facts = {
      endpoint,
      count,
      held: 0,
      health: lease.health(endpoint),
      nextDue: lease.nextDue(endpoint),
      cutOff: settler.cutOff(endpoint),
    };
    queues.push(queuedOf({ ...facts, conduct: routing.settingsOf(endpoint) }, moment));
  }
  return queues;
}
