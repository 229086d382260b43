import { CapnhookError } from '../../../shared/errors.js';
import type { ControlRequest, Delivery } from '../../../spool/spool.js';
import {
  carryOut,
  type IsRegistered,
  isMoving,
  type MovingWish,
  type Step,
} from '../../operate/carry-out.js';
import type { DrainPorts } from '../ports.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Settler } from '../settling/settle.js';
import { createMetInFlight } from './met-in-flight.js';
import type { Obedience } from './obedience.js';

/** Minimum time between two walks of a request, in ms. */
const againMs = 1_000;

/** Time until a request that the spool has refused to carry out is tried again, in ms. */
const refusedMs = 5_000;

/** A request that is being obeyed: walks over what is queued, until one has met nothing that is in flight. */
export interface OpenRequest {
  readonly request: ControlRequest;
  /** When the next walk may begin, monotonic ms. */
  dueAt(): number;
  /** Whether the spool refused to carry it out: a pass leaves it to the next one. */
  isPutOff(): boolean;
  /** A walk begins. */
  begin(): void;
  /** Walks on for a bounded time. What the spool refuses, as on a full disk, is reported, and tried again. */
  step(): Promise<Walked>;
  /** The wish, if it is of this kind and has met a delivery in flight that has come back now; that counts as moved. */
  ended(delivery: Delivery, kind: MovingWish['kind']): MovingWish | undefined;
}

/** What a step has done. */
export interface Walked {
  /** Whether the walk has ended. */
  isDone: boolean;
  /** Whether nothing is left that the request names. */
  isObeyed: boolean;
  /** Whether it is news for the command that waits; later walks only look for what was in flight. */
  isProgress: boolean;
  /** Whether events were put where the intake finds them. */
  hasRestored: boolean;
}

export interface OpenRequestOptions {
  isRegistered: IsRegistered;
  settler: Settler;
  cooldowns: Cooldowns;
  reporter: Reporter;
  obedience: Obedience;
  /** Looks again whether endpoints may be sent to. */
  reconsider(endpoints: readonly string[]): Promise<void>;
}

/** Opens a request. */
export function openRequest(
  ports: DrainPorts,
  request: ControlRequest,
  { isRegistered, settler, cooldowns, reporter, obedience, reconsider }: OpenRequestOptions,
): OpenRequest {
  const { clock } = ports;
  const { wish } = request;
  const carryOutPorts = { ...ports, isRegistered };
  let next = carryOut(wish, carryOutPorts);
  let beganAt = 0;
  let dueAt = Number.NEGATIVE_INFINITY;
  /** What was moved and is not reported yet, by endpoint. */
  const counts = new Map<string, number>();
  const inFlight = createMetInFlight();
  let hasWalked = false;
  let isPutOff = false;

  function note({ entries, claimed, quarantined, changed }: Step): void {
    for (const { endpoint = '', events } of entries)
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + events);
    inFlight.add(claimed);
    quarantined.forEach(settler.noteQuarantined);
    for (const endpoint of changed) cooldowns.end(endpoint);
    obedience.changed(wish, changed);
  }

  /** @returns whether nothing is left */
  function endWalk(): boolean {
    obedience.moved(wish, counts);
    counts.clear();
    hasWalked = true;
    if (!inFlight.isAny()) return true;
    const now = clock.monotonic();
    dueAt = now + Math.max(againMs, now - beganAt);
    next = carryOut(inFlight.againOf(wish), carryOutPorts);
    return false;
  }

  /** @throws every error that is not a refusal of the spool */
  function putOff(error: unknown): Walked {
    if (!(error instanceof CapnhookError) || !ports.side.isValid()) throw error;
    const reason = `it cannot be obeyed now: ${error.message}`;
    reporter.postponed({ name: `control/${request.id}.json`, reason });
    isPutOff = true;
    dueAt = clock.monotonic() + refusedMs;
    next = carryOut(hasWalked ? inFlight.againOf(wish) : wish, carryOutPorts);
    return { isDone: true, isObeyed: false, isProgress: false, hasRestored: false };
  }

  async function walkOn(): Promise<Walked> {
    const step = await next();
    note(step);
    if (step.changed.length > 0) await reconsider(step.changed);
    const { isDone, entries } = step;
    const isProgress = !isDone && (entries.length > 0 || !hasWalked);
    const hasRestored =
      (wish.kind === 'retry' || wish.kind === 'import') &&
      entries.some(({ endpoint }) => endpoint === undefined);
    return { isDone, isObeyed: isDone && endWalk(), isProgress, hasRestored };
  }

  return {
    request,
    dueAt: () => dueAt,
    isPutOff: () => isPutOff,
    begin() {
      isPutOff = false;
      beganAt = clock.monotonic();
      inFlight.beginWalk();
    },
    step: () => walkOn().catch(putOff),
    ended({ endpoint, event }, kind) {
      if (wish.kind !== kind || !isMoving(wish)) return undefined;
      if (!inFlight.remove({ event: event.id, endpoint })) return undefined;
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
      return wish;
    },
  };
}
