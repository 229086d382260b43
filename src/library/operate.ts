import { userInfo } from 'node:os';
import type { Environment } from '../config/paths.js';
import type { EntryState } from '../spool/inspection.js';
import type { EntryProblem } from '../spool/spool.js';
import {
  dropEntries,
  type NamedEntries,
  type Operated,
  type OperatePorts,
  pauseEndpoints,
  type Resumed,
  type Retried,
  resumeEndpoints,
  retryEntries,
} from '../usecases/operate/operate.js';
import { spoolHooks } from './hooks-reader.js';
import { listOf, msOf, namedBy } from './named-by.js';
import { existingSpoolPath, type SpoolPorts, spoolPorts } from './open-spool.js';

export type { EntryProblem } from '../spool/spool.js';
export type {
  HookCount,
  Operated,
  Resumed,
  Retried,
  SelectedEntry,
  UntriedEndpoint,
} from '../usecases/operate/operate.js';

export interface SteerOptions {
  /** Changes nothing, and returns what would be changed; default false. */
  dryRun?: boolean | undefined;
  /** Who asks for it; default the name of this process's user. */
  by?: string | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /**
   * The hooks file, which names endpoints; default `CAPNHOOK_CONFIG`, the one that the spool belongs to, or
   * `~/.config/capnhook/hooks.yaml`.
   */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
  /** Called once, where a running drain takes longer than two seconds and is still at work. */
  onWaiting?: (() => void) | undefined;
  /** Called with the number of events that were moved so far, where no drain runs that does it. */
  onProgress?: ((moved: number) => void) | undefined;
  /** Called for each entry that cannot be read, and was moved to `corrupt/`. */
  onQuarantined?: ((entry: EntryProblem) => void) | undefined;
}

/** Which deliveries and events are meant; each member that is there must hold. */
export interface SelectOptions extends SteerOptions {
  /** A URL, the name of an endpoint in the hooks file, or an endpoint's id; or several of them. */
  endpoint?: string | readonly string[] | undefined;
  /** A hook or a pattern. */
  hook?: string | undefined;
  /** Ids of events, or their beginnings; the id of a batch means each of its events. */
  ids?: readonly string[] | undefined;
  /** Accepted at this time or later: a date, or ms since the epoch. */
  since?: Date | number | undefined;
  /** Accepted before this time. */
  before?: Date | number | undefined;
  /** Where they are: `incoming`, `queued`, `retry`, `unclaimed`, `dead`. */
  states?: readonly EntryState[] | undefined;
  /** Why they are dead (`gave-up`, `refused`, `deregistered`, `flushed`, `dropped`). */
  reasons?: readonly string[] | undefined;
  /** Everything; must be said where nothing else is. Default false. */
  all?: boolean | undefined;
}

export interface PauseOptions extends SteerOptions {
  /** Why, for those who read it. */
  why?: string | undefined;
  /** When the pause ends by itself: a date, or ms since the epoch; default: never. */
  until?: Date | number | undefined;
}

/**
 * Sends now what is deferred, dead or unclaimed, and tries the endpoints that are owed something selected now, also those
 * that an answer has paused. A drain that runs obeys within a second.
 * @throws CapnhookError `USAGE`, `NO_INPUT` for an unknown endpoint, hook or id, `SPOOL_CREATE` for a named spool that is missing,
 *   `PERMISSION`, `SPOOL_WRITE`
 * @example const { count, endpoints } = await retry({ endpoint: 'chat' });
 */
export async function retry(options: SelectOptions): Promise<Retried> {
  return retryEntries(portsFor(options, 'retry'), entriesNamedBy(options), options);
}

/**
 * Moves what is queued, deferred or not taken in yet to `dead/`; what is in flight only if it is not delivered.
 * @throws CapnhookError as {@link retry}
 * @example const { count } = await drop({ hook: 'build.*', before: Date.now() - 86_400_000 });
 */
export async function drop(options: SelectOptions): Promise<Operated> {
  const named = { ...entriesNamedBy(options), by: options.by ?? userName() };
  return dropEntries(portsFor(options, 'drop'), named, options);
}

export interface FlushOptions extends SteerOptions {
  /** Only of this hook or pattern; default: all. */
  hook?: string | undefined;
}

/**
 * Another word for {@link drop} of everything, or of a hook.
 * @throws CapnhookError as {@link retry}
 * @example const { count } = await flush({ hook: 'complete' });
 */
export async function flush({ hook, ...options }: FlushOptions = {}): Promise<Operated> {
  return drop({ ...options, hook, all: true });
}

/**
 * Lets nothing be sent to an endpoint before {@link resume}; what is queued for it is kept.
 * @param endpoint a URL, the name of an endpoint in the hooks file, or an endpoint's id; or several of them
 * @throws CapnhookError as {@link retry}
 * @example await pause('chat', { why: 'it is moved', until: Date.now() + 3_600_000 });
 */
export async function pause(
  endpoint: string | readonly string[],
  options: PauseOptions = {},
): Promise<Operated> {
  const { by = userName(), why, until } = options;
  const named = { targets: listOf(endpoint), by, why, until: msOf(until) };
  return pauseEndpoints(portsFor(options, 'pause'), named, options);
}

/**
 * Ends every pause of an endpoint, that of a 410 too, and tries it now.
 * @param endpoint as of {@link pause}
 * @throws CapnhookError as {@link retry}
 * @example await resume('chat');
 */
export async function resume(
  endpoint: string | readonly string[],
  options: SteerOptions = {},
): Promise<Resumed> {
  return resumeEndpoints(portsFor(options, 'resume'), { targets: listOf(endpoint) }, options);
}

/** What steers the spool that is named, or the default one. @param doing as in "Cannot <doing>: …" */
export function portsFor(
  { spool, config, env = process.env }: SteerOptions,
  doing: string,
): SpoolPorts & Pick<OperatePorts, 'hooks'> {
  const root = existingSpoolPath(env, { asked: spool, doing });
  const ports = spoolPorts(root);
  return { ...ports, hooks: spoolHooks(ports.spool, { env, config }) };
}

/** What the options select, as the use cases take it. */
export function entriesNamedBy({ states, reasons, all, ...options }: SelectOptions): NamedEntries {
  return { ...namedBy(options), states, reasons, all };
}

/** The name of this process's user, or its number where it has none. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`; // no entry in /etc/passwd, as in a container
  }
}
