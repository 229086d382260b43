/** Steering: retry, drop, pause and resume, by the drain that runs, or under its lock where none does. */
import { pausedMs } from '../../endpoint/health.js';
import { CapnhookError } from '../../shared/errors.js';
import type { EntryProblem, Selection, Spool, Wish } from '../../spool/spool.js';
import { loadIfUsable } from '../hooks-reader.js';
import type { Step } from './carry-out.js';
import { countSelected } from './count-selected.js';
import { type EventIdsOptions, wholeIds } from './event-ids.js';
import { type FulfilOptions, type FulfilPorts, fulfil } from './fulfil.js';
import { requireKnownHook } from './known-hook.js';
import { checkedTime, type Named, type SelectingPorts, selecting } from './selecting.js';
import { createTally, type Selected } from './tally.js';

export interface OperatePorts extends FulfilPorts, Pick<SelectingPorts, 'hooks'> {
  spool: FulfilPorts['spool'] & Pick<Spool, 'backlog' | 'inspection' | 'isHeld'>;
  /** Makes the id of a request. */
  newId(): string;
}

export interface OperateOptions extends Pick<FulfilOptions, 'onWaiting'> {
  /** Changes nothing, and returns what would be changed; default false. */
  dryRun?: boolean | undefined;
  /** Called with the number of events that were moved so far, where no drain runs that does it. */
  onProgress?: ((moved: number) => void) | undefined;
  /** Called for each entry that cannot be read, and was moved to `corrupt/` here. */
  onQuarantined?: ((entry: EntryProblem) => void) | undefined;
}

export type { HookCount, SelectedEntry } from './tally.js';

/** What was done, or would be. */
export interface Operated extends Selected {
  /**
   * Whether the drain that runs was asked, and has made no progress with that for 15 s. The request stays: that drain
   * obeys it, or else the next one.
   */
  isPending?: boolean;
  /** Whether a drain is running, which goes on from here. Otherwise the next one does. */
  isDraining: boolean;
}

/** What was sent again, or would be. */
export interface Retried extends Operated {
  /** Which of the endpoints are not tried all the same, and why; absent if there are none. */
  untried?: readonly UntriedEndpoint[];
}

/** What was resumed, or would be. */
export interface Resumed extends Operated {
  /** Ids of those that were not paused, and are tried now all the same; absent if there are none. */
  unpaused?: readonly string[];
}

export interface UntriedEndpoint {
  /** Its id. */
  endpoint: string;
  /** As in `status`: paused by a person, or on hold because it is not registered. */
  state: 'paused' | 'on-hold';
  /** The same in words. */
  why: string;
}

/** What is retried or dropped. */
export interface NamedEntries extends Named {
  /** Everything; must be said where nothing else is. Default false. */
  all?: boolean | undefined;
}

/**
 * Sends now what is deferred, dead or unclaimed, and tries the endpoints that are owed something selected.
 * @throws CapnhookError `USAGE`, `NO_INPUT`, `PERMISSION`, `SPOOL_WRITE`
 */
export async function retryEntries(
  ports: OperatePorts,
  named: NamedEntries,
  options: OperateOptions = {},
): Promise<Retried> {
  const select = await selectEntries(ports, named, { doing: 'retry' });
  const operated = await operate(ports, { kind: 'retry', select }, options);
  const untried = await untriedOf(ports, operated.endpoints);
  return untried.length === 0 ? operated : { ...operated, untried };
}

async function untriedOf(
  { spool, clock, hooks }: Pick<OperatePorts, 'spool' | 'clock' | 'hooks'>,
  endpoints: readonly string[],
): Promise<UntriedEndpoint[]> {
  const registered = (await loadIfUsable(hooks))?.endpoints;
  const untried: UntriedEndpoint[] = [];
  for (const endpoint of endpoints) {
    const health = await spool.inspection.health(endpoint);
    if (health.pause !== undefined && pausedMs(health, clock.now()) > 0)
      untried.push({ endpoint, state: 'paused', why: health.paused ?? 'it is paused' });
    else if (health.heldSince !== undefined && registered?.has(endpoint) === false)
      untried.push({ endpoint, state: 'on-hold', why: 'it is not registered' });
  }
  return untried;
}

/**
 * Moves what is queued, deferred or not queued yet to `dead/`; what is accepted from now on stays.
 * @param named.by who asks for it
 * @throws CapnhookError as {@link retryEntries}
 */
export async function dropEntries(
  ports: OperatePorts,
  { by, ...named }: NamedEntries & { by: string },
  options: OperateOptions = {},
): Promise<Operated> {
  const select = await selectEntries(ports, named, { doing: 'drop' });
  const before = Math.min(select.before ?? Infinity, ports.clock.now() + 1);
  return operate(ports, { kind: 'drop', select: { ...select, before }, by }, options);
}

/** A person's pause. */
export interface NamedPause {
  /** URLs, names of endpoints in the hooks file, or ids of endpoints. */
  targets: readonly string[];
  /** Who asks for it. */
  by: string;
  why?: string | undefined;
  /** When it ends by itself, ms since the epoch; default: never. */
  until?: number | undefined;
}

/**
 * Lets nothing be sent to endpoints; what is queued for them is kept.
 * @throws CapnhookError as {@link retryEntries}
 */
export async function pauseEndpoints(
  ports: OperatePorts,
  { targets, by, why, until }: NamedPause,
  options: OperateOptions = {},
): Promise<Operated> {
  const wish: Wish = { kind: 'pause', select: await selectEndpoints(ports, targets, 'pause'), by };
  if (why !== undefined) wish.why = why;
  if (until !== undefined) wish.until = checkedTime(until, { name: 'until', doing: 'pause' });
  if (until !== undefined && until <= ports.clock.now()) throw endsInThePast();
  return operate(ports, wish, options);
}

/**
 * Ends every pause of endpoints, and tries them now.
 * @throws CapnhookError as {@link retryEntries}
 */
export async function resumeEndpoints(
  ports: OperatePorts,
  { targets }: Pick<NamedPause, 'targets'>,
  options: OperateOptions = {},
): Promise<Resumed> {
  const select = await selectEndpoints(ports, targets, 'resume');
  const unpaused: string[] = [];
  for (const id of select.endpoints)
    if (pausedMs(await ports.spool.inspection.health(id), ports.clock.now()) === 0) unpaused.push(id);
  const operated = await operate(ports, { kind: 'resume', select }, options);
  return unpaused.length === 0 ? operated : { ...operated, unpaused };
}

/**
 * Carries out a wish, or has a running drain do it, and tells what it concerns.
 * @param options.isRegistered whether a delivery is registered, where no drain runs; default: each is
 */
export async function operate(
  ports: OperatePorts,
  wish: Wish,
  {
    dryRun = false,
    onWaiting,
    isRegistered = () => true,
    ...told
  }: OperateOptions & Partial<Pick<FulfilOptions, 'isRegistered'>>,
): Promise<Operated> {
  const { spool } = ports;
  if (dryRun) return { ...(await count(ports, wish)), isDraining: await spool.isHeld() };
  const { onStep, moved } = talliedSteps(told);
  /** What there was before a drain was asked, which does not say what it moves. */
  let before: Selected | undefined;
  const isFinished = await fulfil(
    ports,
    { id: ports.newId(), wish },
    {
      isRegistered,
      onWaiting,
      onStep,
      async beforeAsking() {
        before = await count(ports, wish);
      },
    },
  );
  const selected = before ?? moved();
  if (isEmpty(selected)) await count(ports, wish); // refuses an unknown hook
  const operated: Operated = { ...selected, isDraining: await spool.isHeld() };
  if (!isFinished) operated.isPending = true;
  return operated;
}

/** Counts what a wish concerns now. @throws CapnhookError `NO_INPUT` for an unknown hook of which there is nothing */
async function count({ spool, hooks }: OperatePorts, wish: Wish): Promise<Selected> {
  const { others, ...selected } = await countSelected(spool, wish);
  const { hook } = wish.select as Selection;
  if (isEmpty(selected) && hook !== undefined)
    await requireKnownHook(hook, { others, hooks, doing: wish.kind });
  return selected;
}

function isEmpty({ count, endpoints }: Selected): boolean {
  return count === 0 && endpoints.length === 0;
}

/** Counts what the steps made here have moved. */
function talliedSteps({ onProgress, onQuarantined }: Pick<OperateOptions, 'onProgress' | 'onQuarantined'>): {
  onStep: (step: Step) => void;
  moved: () => Selected;
} {
  const tally = createTally();
  const tried = new Set<string>();
  let moved = 0;
  return {
    onStep({ entries, changed, quarantined }) {
      for (const entry of entries) {
        tally.add(entry);
        moved += entry.events;
      }
      for (const endpoint of changed) tried.add(endpoint);
      for (const entry of quarantined) onQuarantined?.(entry);
      onProgress?.(moved);
    },
    moved: () => tally.total(tried),
  };
}

/**
 * Makes a selection of what a person names.
 * @param options.states where events are looked for by the beginnings of their ids; default: everywhere but among the delivered
 * @throws CapnhookError `USAGE` where nothing is named, or it is malformed; `NO_INPUT` for what is unknown
 */
export async function selectEntries(
  ports: OperatePorts,
  { all = false, ...named }: NamedEntries,
  { doing, ...where }: EventIdsOptions,
): Promise<Selection> {
  const isEmpty = Object.values(named).every((each) => each === undefined);
  if (isEmpty && !all) throw selectsNothing(doing);
  const select = await selecting(ports, named, doing);
  if (named.ids !== undefined)
    select.ids = await wholeIds(ports.spool.inspection, named.ids, { doing, ...where });
  return select;
}

async function selectEndpoints(
  ports: OperatePorts,
  targets: readonly string[],
  doing: string,
): Promise<Selection & { endpoints: readonly string[] }> {
  if (targets.length === 0) throw selectsNothing(doing);
  const { endpoints = [] } = await selecting(ports, { targets }, doing);
  return { endpoints };
}

function selectsNothing(doing: string): CapnhookError {
  return new CapnhookError('USAGE', `Cannot ${doing}: nothing is selected`, {
    hint: 'Name endpoints, a hook, ids or a time, or say that all are meant: --all.',
  });
}

function endsInThePast(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot pause: until is in the past', { hint: 'Give a later time.' });
}
