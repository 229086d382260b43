/** Steering: retry, drop, pause and resume, by the drain that runs, or under its lock where none does. */
import { CapnhookError } from '../../shared/errors.js';
import type { Selection, Spool, Wish } from '../../spool/spool.js';
import { countSelected, type Selected } from './count-selected.js';
import { type FulfilPorts, fulfil } from './fulfil.js';
import { checkedTime, type Named, type SelectingPorts, selecting } from './selecting.js';

export interface OperatePorts extends FulfilPorts, Pick<SelectingPorts, 'hooks'> {
  spool: FulfilPorts['spool'] & Pick<Spool, 'backlog' | 'inspection'>;
  /** Makes the id of a request. */
  newId(): string;
}

export interface OperateOptions {
  /** Changes nothing, and returns what would be changed; default false. */
  dryRun?: boolean | undefined;
  /** Called once, where a running drain takes longer than two seconds and is still at work. */
  onWaiting?: (() => void) | undefined;
}

/** What was done, or would be. */
export interface Operated extends Selected {
  /**
   * Whether the drain that runs was asked, and has made no progress with that for 15 s. The request stays: that drain
   * obeys it, or else the next one.
   */
  isPending?: boolean;
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
): Promise<Operated> {
  return operate(ports, { kind: 'retry', select: await selectEntries(ports, named, 'retry') }, options);
}

/**
 * Moves what is queued, deferred or not fanned out yet to `dead/`; what is accepted from now on stays.
 * @param named.by who asks for it
 * @throws CapnhookError as {@link retryEntries}
 */
export async function dropEntries(
  ports: OperatePorts,
  { by, ...named }: NamedEntries & { by: string },
  options: OperateOptions = {},
): Promise<Operated> {
  const select = await selectEntries(ports, named, 'drop');
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
): Promise<Operated> {
  const select = await selectEndpoints(ports, targets, 'resume');
  return operate(ports, { kind: 'resume', select }, options);
}

async function operate(
  ports: OperatePorts,
  wish: Wish,
  { dryRun = false, onWaiting }: OperateOptions,
): Promise<Operated> {
  const selected = await countSelected(ports.spool, wish);
  if (dryRun) return selected;
  const isFinished = await fulfil(
    ports,
    { id: ports.newId(), wish },
    { isRegistered: () => true, onWaiting },
  );
  return isFinished ? selected : { ...selected, isPending: true };
}

async function selectEntries(
  ports: OperatePorts,
  { all = false, ...named }: NamedEntries,
  doing: string,
): Promise<Selection> {
  const isEmpty = Object.values(named).every((each) => each === undefined);
  if (isEmpty && !all) throw selectsNothing(doing);
  return selecting(ports, named, doing);
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
    hint: 'Name endpoints, a hook, ids or a time, or say that all are meant.',
  });
}

function endsInThePast(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot pause: until is in the past', { hint: 'Give a later time.' });
}
