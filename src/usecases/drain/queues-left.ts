import { momentOf } from '../../shared/clock.js';
import type { DrainParts } from './parts.js';
import type { DrainPorts, Queued } from './ports.js';
import { queuedOf } from './reporting/queues.js';

/** Reads the deliveries that each endpoint still has queued, and why. */
export async function readQueues(
  { side, clock }: DrainPorts,
  { routing, settler }: Pick<DrainParts, 'routing' | 'settler'>,
): Promise<Queued[]> {
  const moment = momentOf(clock);
  const queues: Queued[] = [];
  for (const endpoint of side.byId.owing()) {
    const held = side.byId.onHold(endpoint);
    if (held > 0) queues.push({ endpoint, count: held, why: 'on-hold' });
    const count = (await side.byId.owed(endpoint)) - held;
    if (count <= 0) continue;
    const facts = {
      endpoint,
      count,
      held: 0,
      health: side.byId.health(endpoint),
      nextDue: side.byId.nextDue(endpoint),
      cutOff: settler.cutOff(endpoint),
    };
    queues.push(queuedOf({ ...facts, conduct: routing.settingsOf(endpoint) }, moment));
  }
  return queues;
}
