/** Deregistering: the registration is removed, and what is queued for the endpoint goes to `dead/`. */
import { isHookPattern } from '../../event/hook-pattern.js';
import { looksLikeUrl } from '../../event/webhook-url.js';
import type { Hooks } from '../../routing/hooks.js';
import { createRouter } from '../../routing/match.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Spool } from '../../spool/spool.js';
import type { DeregisterWish } from '../../spool/wish.js';
import { badHookPattern } from '../bad-hook.js';
import { discardRequestOf, type IsRegistered } from '../operate/carry-out.js';
import { idOfTarget, queueIds } from '../operate/endpoint-ids.js';
import { type FulfilPorts, fulfil } from '../operate/fulfil.js';
import { type ProbablyMeant, probablyMeant } from './probably-meant.js';
import { countDead, countMatching, countQueued, idsWithDeliveries } from './queued-deliveries.js';
import type { Registrations } from './registrations.js';

export interface DeregisterPorts extends FulfilPorts {
  registrations: Pick<Registrations, 'path' | 'requireFile' | 'remove'>;
  spool: Pick<
    Spool,
    'backlog' | 'boundTo' | 'survey' | 'isHeld' | 'join' | 'request' | 'hasRequest' | 'requestProgress'
  >;
  /** Makes the id of a request. */
  newId(): string;
}

/** What to deregister. */
export interface Deregistration {
  /** A URL, the name of an endpoint in the hooks file, or an endpoint's id. */
  target: string;
  /** Only from this hook or pattern; default: from all of them. */
  hook?: string | undefined;
  /** Leaves what is queued for it where it is, on hold; default false. */
  keep?: boolean | undefined;
  /** Changes nothing, and returns what would be changed; default false. */
  dryRun?: boolean | undefined;
  /** Called once, where a running drain takes longer than two seconds to move them and is still at work. */
  onWaiting?: (() => void) | undefined;
}

export interface Deregistered {
  /** The hooks and patterns that the endpoint was registered for. */
  removedFrom: string[];
  /** Deliveries that were moved to `dead/`; with `dryRun` those that are queued and would be. */
  moved: number;
  /** Deliveries still queued for it: those of events that name the URL itself, of other hooks, or all with `keep`. */
  queued: number;
  /** Only where the spool belongs to another hooks file, and is left alone: that file. */
  belongsTo?: string;
  /**
   * Whether the drain that runs was asked to move them, and has made no progress with that for 15 s. The request stays:
   * that drain obeys it, or else the next one.
   */
  isPending?: boolean;
  /** Only where nothing was registered, and nothing moved: what was probably meant. */
  didYouMean?: ProbablyMeant;
}

/**
 * Removes an endpoint from every hook, or from one, and moves what is queued for it and has no other registration to
 * `dead/`. Where a drain is running, that one moves it.
 * @throws CapnhookError `USAGE`, `HOOKS_FILE`, `BUSY`, `PERMISSION`, `SPOOL_WRITE`
 */
export async function deregisterEndpoint(
  ports: DeregisterPorts,
  { target, hook, keep = false, dryRun = false, onWaiting }: Deregistration,
): Promise<Deregistered> {
  const { registrations, spool } = ports;
  if (hook !== undefined && !isHookPattern(hook)) throw badHookPattern('deregister', hook);
  if (target === '') throw emptyTarget();
  const id = idOfTarget(target);
  registrations.requireFile(); // only register makes one
  await countQueued(spool, [id]); // without permission for the spool, nothing at all is changed
  const { removedFrom, hooks } = await registrations.remove({ target, hook }, { dryRun });
  const endpoints = [...queueIds(hooks, id)];
  const result: Deregistered = { removedFrom, moved: 0, queued: 0 };
  const belongsTo = await spool.boundTo();
  if (belongsTo !== undefined && belongsTo !== registrations.path) result.belongsTo = belongsTo;
  else if (hooks !== undefined && !keep)
    Object.assign(
      result,
      await moveUnregistered(ports, { hooks, endpoints, hook, removedFrom, dryRun, onWaiting }),
    );
  result.queued = await countQueued(spool, endpoints);
  if (dryRun) result.queued -= result.moved;
  if (hooks !== undefined && removedFrom.length + result.moved === 0) {
    const others = looksLikeUrl(target) ? [] : await idsWithDeliveries(spool);
    const didYouMean = probablyMeant(hooks, { target, id, hook, others });
    if (didYouMean !== undefined) result.didYouMean = didYouMean;
  }
  return result;
}

interface Unregistered {
  /** The hooks that remain. */
  hooks: Hooks;
  endpoints: readonly string[];
  hook: string | undefined;
  removedFrom: readonly string[];
  dryRun: boolean;
  onWaiting: (() => void) | undefined;
}

/** Moves the deliveries that the remaining hooks no longer ask for. */
async function moveUnregistered(
  ports: DeregisterPorts,
  { hooks, endpoints, hook, removedFrom, dryRun, onWaiting }: Unregistered,
): Promise<Pick<Deregistered, 'moved' | 'isPending'>> {
  const wish: DeregisterWish = { kind: 'deregister', select: { endpoints } };
  if (hook !== undefined) wish.select.hook = hook;
  const router = createRouter(hooks);
  const isRegistered: IsRegistered = (event, endpoint) => router.endpoint(endpoint, event) !== undefined;
  const { spool } = ports;
  const matching = await countMatching(
    spool,
    discardRequestOf(wish, { isRegistered, now: ports.clock.now() }),
  );
  if (dryRun) return { moved: matching };
  // A drain may have deliveries in flight that are not queued: it is asked in any case.
  const isNeeded = matching > 0 || (removedFrom.length > 0 && (await spool.isHeld()));
  if (!isNeeded) return { moved: 0 };
  const deadBefore = await countDead(spool, endpoints);
  const isFinished = await fulfil(ports, { id: ports.newId(), wish }, { isRegistered, onWaiting });
  const moved = (await countDead(spool, endpoints)) - deadBefore;
  return isFinished ? { moved } : { moved, isPending: true };
}

/**
 * Of two words, whether it is the first that names an endpoint of the hooks file, and the second is a hook. Pure.
 */
export function isEndpointFirst({ endpoints, registrations }: Hooks, first: string, second: string): boolean {
  if (endpoints.has(first) || endpoints.has(second)) return !endpoints.has(second);
  const isHook = (word: string) => registrations.some(({ pattern }) => pattern === word);
  return isHook(second) && !isHook(first);
}

function emptyTarget(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot deregister: the URL is empty', {
    hint: 'Check the variable that it comes from.',
  });
}
