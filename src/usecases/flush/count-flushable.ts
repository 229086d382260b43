import type { Spool } from '../../spool/spool.js';
import type { HooksReader } from '../hooks-reader.js';
import { requireKnownHook } from './known-hook.js';

export interface FlushablePorts {
  spool: Pick<Spool, 'survey'>;
  hooks: HooksReader;
}

/** How much a flush would move. */
export interface FlushableCounts {
  /** Events that were not fanned out yet. */
  events: number;
  deliveries: number;
  /** How many of both there are by hook; of the name '' where an event has none. */
  hooks: ReadonlyMap<string, number>;
}

/**
 * Counts what a flush would move at this moment.
 * @param hook only events of this hook; default: all
 * @throws CapnhookError `NO_INPUT` for an unknown hook; as the spool
 */
export async function countFlushable(
  ports: FlushablePorts,
  hook: string | undefined,
): Promise<FlushableCounts> {
  const hooks = new Map<string, number>();
  const others = new Set<string>();
  let [events, deliveries] = [0, 0];
  for await (const entry of ports.spool.survey({ select: {}, incoming: true })) {
    const name = entry.hook ?? '';
    if (hook !== undefined && name !== hook) {
      others.add(name);
      continue;
    }
    if (entry.endpoint === undefined) events += entry.events;
    else deliveries += entry.events;
    hooks.set(name, (hooks.get(name) ?? 0) + entry.events);
  }
  if (hook !== undefined && hooks.size === 0) await requireKnownHook(hook, { others, hooks: ports.hooks });
  return { events, deliveries, hooks };
}
