/**
 * Deliveries on hold: their endpoint is not registered for them at present. A
 * deleted line or a wrong hooks file must not end them, so they stay where they
 * are, unsent, until it is registered again, a person ends them, or their time is up.
 */
import { stateOf } from '../../endpoint/health.js';
import { createHeldEndpoints } from './held-endpoints.js';
import type { Requests } from './obeying/requests.js';
import type { DrainOptions, DrainPorts } from './ports.js';
import type { Change } from './reporting/changes.js';
import type { OwnedDelivery } from './reporting/finished-attempt.js';
import type { Routing } from './routing.js';
import type { Settler } from './settling/settle.js';

export interface Holds {
  /** Puts a claimed delivery on hold, or gives it up where it was kept for long enough. */
  keep(claimed: OwnedDelivery): Promise<void>;
  /** Lets deliveries be claimed again after the hooks have changed, and those whose time is up. */
  look(): void;
  /** Notes endpoints of which everything is on hold, so that the next drain need not read it all again. */
  save(): Promise<void>;
  /** Whether everything that is owed is on hold. */
  areAll(): Promise<boolean>;
  /**
   * Reports what was put on hold, once an endpoint, and endpoints that have nothing on hold any more.
   * @param at `busy`: there is more to claim; `idle`: all that may be claimed was; `end`: the drain ends before that
   */
  flush(at: 'busy' | 'idle' | 'end'): void;
}

export interface HoldsOptions {
  routing: Routing;
  settler: Settler;
  requests: Pick<Requests, 'ended'>;
  until: DrainOptions['until'];
  /** Told of each endpoint once. */
  onChange(change: Change): void;
}

/** The deliveries on hold of a drain. */
export function createHolds({ side, clock, report }: DrainPorts, options: HoldsOptions): Holds {
  const { routing, settler, requests, until, onChange } = options;
  const held = createHeldEndpoints({ side, clock }, { routing, isNewsAtStart: until === 'daemon' });
  let version = routing.version();
  let isFirstLook = true;

  function reportHeld(endpoint: string, count: number): void {
    report({ kind: 'on-hold', endpoint: { id: endpoint }, count, keepMs: routing.holdKeepMs() });
    const health = side.byId.health(endpoint);
    const state = stateOf(health);
    onChange({ endpoint, from: state, to: state, since: health.heldSince ?? clock.now(), onHold: count });
  }

  /** Nothing is on hold any more, unless the endpoint is parked: then its deliveries were not looked through. */
  function end(endpoint: string): void {
    const health = side.byId.health(endpoint);
    if (stateOf(health) !== 'well' && side.byId.owing().includes(endpoint)) return;
    held.forget(endpoint);
    const { heldSince: _, heldAll: __, ...rest } = health;
    void side.byId.saveHealth(endpoint, rest, { isImmediate: true });
    if (routing.isRegistered(endpoint)) report({ kind: 'resumed', endpoint: { id: endpoint } });
  }

  return {
    async keep(claimed) {
      const { owned, delivery } = claimed;
      const { endpoint, acceptedAt } = delivery;
      const ended = requests.ended(delivery, 'deregister');
      if (ended !== undefined) {
        await settler.buryByHand(claimed, ended);
        return;
      }
      const since = await held.since(endpoint);
      const now = clock.now();
      // A time of acceptance that has not come yet is by a clock that was wrong.
      const from = acceptedAt > now ? since : Math.max(acceptedAt, since);
      if (from + routing.holdKeepMs() <= now) {
        await settler.buryHeld(claimed);
        return;
      }
      owned.hold(delivery);
      const record = held.note(endpoint, true);
      record.fromMs = Math.min(record.fromMs, from);
    },
    look() {
      if (isFirstLook) held.begin();
      isFirstLook = false;
      const hasChanged = version !== routing.version();
      version = routing.version();
      for (const [id, each] of held.all()) {
        if (!hasChanged && each.fromMs + routing.holdKeepMs() > clock.now()) continue;
        each.fromMs = Infinity;
        side.byId.resume(id);
      }
    },
    save: held.save,
    async areAll() {
      for (const id of side.byId.owing()) {
        const count = side.byId.onHold(id);
        if (count === 0 || count < (await side.byId.owed(id))) return false;
      }
      return true;
    },
    flush(at) {
      for (const [endpoint, each] of held.all()) {
        const count = side.byId.onHold(endpoint);
        const isGrowing = at === 'busy' && count !== each.count;
        each.count = count;
        if (count === 0 && at === 'idle') end(endpoint);
        if (count === 0 || isGrowing || !each.isNews) continue;
        each.isNews = false;
        reportHeld(endpoint, count);
      }
    },
  };
}
