/**
 * Deliveries on hold: their endpoint is not registered for them at present. A
 * deleted line or a wrong hooks file must not end them, so they stay where they
 * are, unsent, until it is registered again, somebody ends them, or their time is up.
 */
import { atThisClock } from '../../endpoint/clock-jump.js';
import { stateOf } from '../../endpoint/health.js';
import { momentOf } from '../../shared/clock.js';
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

/** What this drain knows of an endpoint with deliveries on hold. */
interface Held {
  /** Whether it is to be reported yet. */
  isNews: boolean;
  /** How many were on hold at the last flush. */
  count: number;
  /** From when on the first of them is kept, ms since the epoch. */
  fromMs: number;
}

/** The deliveries on hold of a drain. */
export function createHolds({ side, clock, report }: DrainPorts, options: HoldsOptions): Holds {
  const { routing, settler, requests, until, onChange } = options;
  const known = new Map<string, Held>();
  let version = routing.version();
  let isFirstLook = true;

  function noteHeld(endpoint: string, isNews: boolean): Held {
    let held = known.get(endpoint);
    if (held === undefined) {
      held = { isNews, count: 0, fromMs: Infinity };
      known.set(endpoint, held);
    }
    return held;
  }

  /** An endpoint that had deliveries on hold. Where nothing has changed since, they are again, unread. */
  function begin(endpoint: string): void {
    const held = noteHeld(endpoint, until === 'daemon');
    const { heldSince = 0, heldAll } = atThisClock(side.byId.health(endpoint), momentOf(clock));
    if (heldAll === undefined || heldAll.hooks !== routing.fingerprint()) return;
    if (side.byId.holdAll(endpoint, heldAll.queue)) held.fromMs = heldSince + heldAll.afterMs;
  }

  /** Since when the endpoint has deliveries on hold: from now on, where nothing is saved of it. */
  async function heldSince(endpoint: string): Promise<number> {
    const moment = momentOf(clock);
    const health = atThisClock(side.byId.health(endpoint), moment);
    if (health.heldSince !== undefined) {
      noteHeld(endpoint, until === 'daemon');
      return health.heldSince;
    }
    noteHeld(endpoint, true);
    const next = { ...health, heldSince: moment.now };
    if (moment.clock !== undefined) next.clock = moment.clock;
    // Before it is reported, which the next drain must not do again.
    await side.byId.saveHealth(endpoint, next, { isImmediate: true });
    return moment.now;
  }

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
    known.delete(endpoint);
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
      const since = await heldSince(endpoint);
      const now = clock.now();
      // A time of acceptance that has not come yet is by a clock that was wrong.
      const from = acceptedAt > now ? since : Math.max(acceptedAt, since);
      if (from + routing.holdKeepMs() <= now) {
        await settler.buryHeld(claimed);
        return;
      }
      owned.hold(delivery);
      const held = noteHeld(endpoint, true);
      held.fromMs = Math.min(held.fromMs, from);
    },
    look() {
      if (isFirstLook)
        for (const id of side.byId.owing()) if (side.byId.health(id).heldSince !== undefined) begin(id);
      isFirstLook = false;
      const hasChanged = version !== routing.version();
      version = routing.version();
      for (const [id, held] of known) {
        if (!hasChanged && held.fromMs + routing.holdKeepMs() > clock.now()) continue;
        held.fromMs = Infinity;
        side.byId.resume(id);
      }
    },
    async save() {
      for (const [endpoint, { fromMs }] of known) {
        const { heldSince, heldAll, ...health } = atThisClock(side.byId.health(endpoint), momentOf(clock));
        const held = side.byId.onHold(endpoint);
        if (heldSince === undefined || held === 0 || held < (await side.byId.owed(endpoint))) continue;
        const queue = side.byId.queueMark(endpoint);
        if (queue === undefined) continue;
        const hooks = routing.fingerprint();
        if (heldAll?.queue === queue && heldAll.hooks === hooks) continue;
        const found = { hooks, queue, afterMs: Math.max(fromMs - heldSince, 0) };
        await side.byId.saveHealth(endpoint, { ...health, heldSince, heldAll: found });
      }
    },
    async areAll() {
      for (const id of side.byId.owing()) {
        const held = side.byId.onHold(id);
        if (held === 0 || held < (await side.byId.owed(id))) return false;
      }
      return true;
    },
    flush(at) {
      for (const [endpoint, held] of known) {
        const count = side.byId.onHold(endpoint);
        const isGrowing = at === 'busy' && count !== held.count;
        held.count = count;
        if (count === 0 && at === 'idle') end(endpoint);
        if (count === 0 || isGrowing || !held.isNews) continue;
        held.isNews = false;
        reportHeld(endpoint, count);
      }
    },
  };
}
