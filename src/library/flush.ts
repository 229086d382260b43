import { type Environment, hooksPath } from '../config/paths.js';
import { isHookName } from '../event/hook-name.js';
import { loadHooks } from '../hooks/file/hooks-file.js';
import { createFileJournal } from '../journal/file-journal.js';
import { matchesHook } from '../routing/pattern.js';
import { CapnhookError } from '../shared/errors.js';
import { suggest } from '../shared/suggest.js';
import type { DiscardRequest, EntryProblem } from '../spool/spool.js';
import { badHookName } from '../usecases/bad-hook.js';
import { busy } from './busy.js';
import { existingSpoolPath, openSpool } from './open-spool.js';

export interface FlushOptions {
  /** Only events of this hook; default: all. */
  hook?: string | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file, which tells whether a hook is known; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/** What `flush` has moved to `dead/`. */
export interface Dropped {
  /** Events that were not fanned out yet. */
  events: number;
  deliveries: number;
  /** What could not be read, and was put aside. */
  corrupt: readonly EntryProblem[];
}

/** What `flush` would move. */
export interface Flushable {
  /** The spool's directory. */
  spool: string;
  /** Events that were not fanned out yet. */
  events: number;
  deliveries: number;
  /** How many of both there are by hook; of the name '' where an event has none. */
  hooks: ReadonlyMap<string, number>;
}

/**
 * Counts what {@link flush} would move, at this moment.
 * @throws CapnhookError `USAGE` for what is no hook's name; `NO_INPUT` for a hook that nobody knows;
 *   `SPOOL_CREATE` for a named spool that is missing; `SPOOL_WRITE`, `PERMISSION`
 * @example const { deliveries } = await flushable({ hook: 'complete' });
 */
export async function flushable(options: FlushOptions = {}): Promise<Flushable> {
  const { hook, env = process.env } = options;
  if (hook !== undefined && !isHookName(hook)) throw badHookName('flush', hook);
  const root = existingSpoolPath(env, { asked: options.spool, doing: 'flush' });
  const hooks = new Map<string, number>();
  const others = new Set<string>();
  let [events, deliveries] = [0, 0];
  for await (const entry of openSpool(root).survey({ incoming: true, match: () => true })) {
    const name = entry.hook ?? '';
    if (hook !== undefined && name !== hook) {
      others.add(name);
      continue;
    }
    if (entry.endpoint === undefined) events += entry.events;
    else deliveries += entry.events;
    hooks.set(name, (hooks.get(name) ?? 0) + entry.events);
  }
  if (hook !== undefined && hooks.size === 0)
    await checkKnown(hook, { others, config: hooksPath(env, options.config) });
  return { spool: root, events, deliveries, hooks };
}

/**
 * Moves what is queued to `dead/`: events not fanned out yet, and deliveries
 * waiting or to be tried again. What is dead or corrupt stays.
 * @throws CapnhookError as {@link flushable}; `BUSY` while a drain is running; `SPOOL_CREATE`
 * @example const { deliveries } = await flush({ hook: 'complete' });
 */
export async function flush(options: FlushOptions = {}): Promise<Dropped> {
  const { hook, env = process.env } = options;
  if (hook !== undefined && !isHookName(hook)) throw badHookName('flush', hook);
  const root = existingSpoolPath(env, { asked: options.spool, doing: 'flush' });
  const leased = await openSpool(root).lease('flush');
  if (leased.held) {
    if (hook !== undefined) await flushable(options); // that nobody knows the hook will not pass
    throw busy('flush', leased.holder);
  }
  const journal = createFileJournal(`${root}/journal`, () => {});
  const time = new Date().toISOString();
  const others = new Set<string>();
  const request: DiscardRequest = {
    incoming: true,
    match(event) {
      if (hook === undefined || event.hook === hook) return true;
      others.add(event.hook ?? '');
      return false;
    },
    why: { reason: 'flushed', message: 'it was flushed', time },
  };
  const corrupt: EntryProblem[] = [];
  let [events, deliveries, isDone] = [0, 0, false];
  try {
    while (!isDone) {
      const step = await leased.lease.discard(request);
      for (const entry of step.entries) {
        if (entry.endpoint === undefined) events += entry.events;
        else deliveries += entry.events;
      }
      corrupt.push(...step.quarantined);
      isDone = step.isDone;
    }
    for (const { name, reason } of corrupt)
      journal.write({ time, what: 'corrupt', event: name, error: reason });
    const count = events + deliveries;
    if (count > 0) journal.write({ time, what: 'dropped', hook, count });
    else if (hook !== undefined) await checkKnown(hook, { others, config: hooksPath(env, options.config) });
    return { events, deliveries, corrupt };
  } finally {
    journal.close();
    await leased.lease.close();
  }
}

/** A hook without anything queued may be a mistyped one. */
async function checkKnown(
  hook: string,
  { others, config }: { others: Set<string>; config: string },
): Promise<void> {
  const patterns = await patternsIn(config);
  if (patterns.some((pattern) => matchesHook(pattern, hook))) return;
  const nearest = suggest(hook, [...others, ...patterns]);
  throw new CapnhookError(
    'NO_INPUT',
    `Cannot flush: no hook ${hook} is known, and nothing is queued for it`,
    {
      hint: nearest === undefined ? 'capnhook targets lists the hooks.' : `Did you mean ${nearest}?`,
    },
  );
}

/** The hooks and patterns of the hooks file; none where it cannot be read: flush needs none. */
async function patternsIn(config: string): Promise<string[]> {
  try {
    return (await loadHooks(config)).registrations.map(({ pattern }) => pattern);
  } catch (error) {
    if (error instanceof CapnhookError) return [];
    throw error;
  }
}
