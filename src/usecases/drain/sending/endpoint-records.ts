/** What a drain needs of an endpoint whenever it is its turn: one record, found once and then passed on. */
import type { Hooks } from '../../../routing/hooks.js';
import type { OwnedEndpoint } from '../../../spool/spool.js';
import type { Routing } from '../routing.js';
import type { Share } from './places/endpoint-shares.js';
import { newTurn, type Turn } from './rings.js';

export interface EndpointRecord extends Share {
  readonly id: string;
  /** Undefined while it is not ours. */
  owned: OwnedEndpoint | undefined;
  /** What the hooks file says of it, at the version of {@link Routing}. */
  version: unknown;
  settings: Hooks['defaults'];
  isRegistered: boolean;
  /** Whether it is neither registered nor may be tried, but its next delivery has an endpoint, and waits for that. */
  isWanted: boolean;
  /** Whether its last claim has found nothing more. */
  isDry: boolean;
  /** When it is considered again without being released, monotonic ms; undefined where it is not waited for. */
  againAt: number | undefined;
  readonly turn: Turn<EndpointRecord>;
}

export interface EndpointRecords {
  /** The record of an endpoint, by the hooks file as it is now. */
  of(id: string): EndpointRecord;
  /** The same of one that was acquired. */
  adopt(owned: OwnedEndpoint): EndpointRecord;
  /** Brings a record up to date with the hooks file. */
  update(record: EndpointRecord): void;
  all(): Iterable<EndpointRecord>;
}

/** Maximum number of endpoints that are remembered, unless more are ours. */
const maxRemembered = 16_384;

/** Maximum number of endpoints that are looked at to forget one. */
const maxLooks = 16;

/** Makes the records of a drain. */
export function createEndpointRecords(routing: Routing): EndpointRecords {
  const records = new Map<string, EndpointRecord>();

  function newRecord(id: string): EndpointRecord {
    // Each member is named: V8 gives an object with a spread a shape of its own, and everything that reads it is slow.
    const record: EndpointRecord = {
      places: 0,
      typicalMs: undefined,
      isQuick: false,
      id,
      owned: undefined,
      version: routing.version(),
      settings: routing.settingsOf(id),
      isRegistered: routing.isRegistered(id),
      isWanted: false,
      isDry: false,
      againAt: undefined,
      turn: newTurn(),
    };
    record.turn.endpoint = record;
    return record;
  }

  /** Forgets an endpoint that is known for long, and not ours; where there are few of those it is not looked for long. */
  function forgetOne(): void {
    let left = maxLooks;
    for (const [id, record] of records) {
      if (left === 0) return;
      left -= 1;
      records.delete(id);
      if (record.owned === undefined) return;
      records.set(id, record);
    }
  }

  function update(record: EndpointRecord): void {
    const version = routing.version();
    if (record.version === version) return;
    const { id } = record;
    Object.assign(record, {
      version,
      settings: routing.settingsOf(id),
      isRegistered: routing.isRegistered(id),
      isWanted: false,
    });
  }

  function of(id: string): EndpointRecord {
    let record = records.get(id);
    if (record === undefined) {
      if (records.size >= maxRemembered) forgetOne();
      record = newRecord(id);
      records.set(id, record);
    }
    update(record);
    return record;
  }

  return {
    of,
    adopt(owned) {
      const record = of(owned.id);
      record.owned = owned;
      return record;
    },
    update,
    all: () => records.values(),
  };
}
