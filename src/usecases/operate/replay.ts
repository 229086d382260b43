/** Sending again what was delivered and kept. */
import type { Rate } from '../../endpoint/endpoint.js';
import { createRouter } from '../../routing/match.js';
import { loadIfUsable } from '../hooks-reader.js';
import type { IsRegistered } from './carry-out.js';
import {
  type NamedEntries,
  type Operated,
  type OperateOptions,
  type OperatePorts,
  operate,
  selectEntries,
} from './operate.js';

/** What is sent again. */
export interface NamedReplay extends Omit<NamedEntries, 'states' | 'reasons'> {
  /** At most this fast to each endpoint. */
  rate?: Rate | undefined;
}

/** What was queued again, or would be. */
export interface Replayed extends Operated {
  /** Only what was delivered before this time, ms since the epoch: with it a replay that was interrupted goes on. */
  before: number;
}

/**
 * Queues again what was delivered and kept, with the ids that it had, where it is still registered for its endpoint.
 * @param named.since of the delivery, as `before`
 * @throws CapnhookError as `retryEntries`
 */
export async function replayEntries(
  ports: OperatePorts,
  { rate, ...named }: NamedReplay,
  options: OperateOptions = {},
): Promise<Replayed> {
  const select = await selectEntries(ports, named, { doing: 'replay', states: ['sent'] });
  // What is delivered again meanwhile is not sent a third time.
  const before = Math.min(select.before ?? Infinity, ports.clock.now() + 1);
  const wish = { kind: 'replay', select: { ...select, before }, rate } as const;
  const operated = await operate(ports, wish, { ...options, isRegistered: await isRegisteredBy(ports) });
  return { ...operated, before };
}

async function isRegisteredBy({ hooks }: OperatePorts): Promise<IsRegistered> {
  const loaded = await loadIfUsable(hooks);
  if (loaded === undefined) return () => true; // a drain keeps on hold what is not
  const router = createRouter(loaded);
  return (event, endpoint) => router.endpoint(endpoint, event) !== undefined;
}
