/**
 * The hooks file of a drain: read anew when it has changed, and only when
 * whoever writes it has surely finished. A file that is saved in place (`cp`,
 * `> file`) is empty first, then half there, and half a file can be valid.
 */
import { type BigIntStats, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hooks } from '../../routing/hooks.js';
import type { HooksRefresh, LiveHooks } from '../../routing/live-hooks.js';
import { type Clock, systemClock } from '../../shared/clock.js';
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import { buildHooks } from '../parse/build.js';
import type { Draft } from '../parse/draft.js';
import { loadDraft } from './hooks-file.js';

export interface WatchedHooks extends LiveHooks {
  isMissing(): boolean;
  /** Lets the next `refresh` read the file even if it looks the same, and tells whoever listens. */
  invalidate(): void;
}

export interface OpenHooksOptions {
  /** Called with each change that is taken, and when the file was read because it was asked for, however broken it is. */
  onReload?: () => void;
  /** Default the machine's. */
  clock?: Clock;
  /** Whether a file that is missing counts as one that cannot tell who receives what; default false: it is refused. */
  mayBeMissing?: boolean;
  /** Ends the waiting for a file that is being written. */
  stop?: AbortSignal | undefined;
}

/** A file that was not written to for so long, in ms, is taken for finished. */
const settledMs = 1_000;

/** A file that was written only just now is looked at so often at the start, in ms. */
const firstWatchMs = 100;

/** After so long, in ms, it is not waited for any more. */
const longestWatchMs = 10_000;

/**
 * Opens the hooks file; one that is being written is waited for.
 * @throws CapnhookError `HOOKS_FILE` if the file is missing or broken now; `PERMISSION` if it may not be read;
 *   `TEMPORARY` if somebody keeps writing to it
 */
export async function openHooks(
  path: string,
  { onReload = () => {}, clock = systemClock, stop, mayBeMissing = false }: OpenHooksOptions = {},
): Promise<WatchedHooks> {
  let { seen, draft, isMissing } = await firstLoad(path, { clock, stop, mayBeMissing });
  /** Built when it is first asked for. */
  let hooks: Hooks | undefined;
  let isForced = false;
  let listener = () => {};
  /** What the file looks like that is not taken yet, and since when (monotonic ms). */
  let pending: { signature: string; since: number } | undefined;

  function isSettled(look: Look): boolean {
    if (look.signature === seen.signature || !isFresh(look, clock)) return true;
    if (wasRenamed(look) && seen.inode !== undefined && look.inode !== seen.inode) return true;
    if (pending?.signature !== look.signature)
      pending = { signature: look.signature, since: clock.monotonic() };
    return clock.monotonic() - pending.since >= settledMs;
  }

  return {
    current: () => (hooks ??= buildHooks(draft)),
    async refresh(): Promise<HooksRefresh> {
      const look = lookAt(path);
      if (look.signature === seen.signature && !isForced) return { kind: 'same' };
      if (!isSettled(look)) return { kind: 'unsettled' };
      const loaded = await tryLoad(path);
      // It changed while it was read: what was read may be half of it.
      if (lookAt(path).signature !== look.signature) return { kind: 'unsettled' };
      seen = look;
      pending = undefined;
      const isBroken = loaded instanceof CapnhookError;
      if (isForced || !isBroken) onReload();
      isForced = false;
      if (isBroken) return { kind: 'broken', error: loaded };
      draft = loaded;
      isMissing = false;
      hooks = undefined;
      return { kind: 'reloaded' };
    },
    isMissing: () => isMissing,
    invalidate() {
      isForced = true;
      listener();
    },
    onInvalidate(callback) {
      listener = callback;
    },
  };
}

type Opening = Required<Pick<OpenHooksOptions, 'clock'>> & Pick<OpenHooksOptions, 'stop'>;

/** Loads the file as it is when nobody writes it any more. @throws as {@link openHooks} */
async function firstLoad(
  path: string,
  { mayBeMissing, ...opening }: Opening & { mayBeMissing: boolean },
): Promise<{ seen: Look; draft: Draft; isMissing: boolean }> {
  const deadline = opening.clock.monotonic() + longestWatchMs;
  for (;;) {
    const seen = await firstLook(path, { ...opening, deadline });
    const loaded = await tryLoad(path);
    // It changed while it was read: what was read may be half of it.
    if (lookAt(path).signature === seen.signature || opening.stop?.aborted) {
      if (mayBeMissing && missing.has(seen.signature))
        return { seen, draft: { hooks: [], endpoints: [], defaults: {} }, isMissing: true };
      if (loaded instanceof CapnhookError) throw loaded;
      return { seen, draft: loaded, isMissing: false };
    }
    await sleep(firstWatchMs);
  }
}

/**
 * Waits until nobody has written to the file for a second; one that was renamed into its place is not waited for. What
 * is to end at once takes nothing in.
 */
async function firstLook(
  path: string,
  { clock, stop, deadline }: Opening & { deadline: number },
): Promise<Look> {
  let since = clock.monotonic();
  for (let look = lookAt(path); ; ) {
    const now = clock.monotonic();
    if (wasRenamed(look) || !isFresh(look, clock) || now - since >= settledMs || stop?.aborted) return look;
    if (now >= deadline) throw keepsChanging(path);
    await sleep(firstWatchMs);
    const again = lookAt(path);
    if (again.signature !== look.signature) since = clock.monotonic();
    look = again;
  }
}

function keepsChanging(path: string): CapnhookError {
  return new CapnhookError('TEMPORARY', `Cannot use the hooks file ${path}: somebody keeps writing to it`, {
    hint: 'Try again when it is whole.',
  });
}

async function tryLoad(path: string): Promise<Draft | CapnhookError> {
  try {
    return await loadDraft(path);
  } catch (error) {
    if (error instanceof CapnhookError) return error;
    throw error;
  }
}

/** How a file that is not there looks. */
const missing: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/** A file as it looks from outside. */
interface Look {
  /** Changes whenever the file does: an editor replaces it, or writes into it. */
  signature: string;
  /** Which file it is; undefined if there is none that can be reached. */
  inode?: string;
  stat?: BigIntStats;
}

function lookAt(path: string): Look {
  try {
    const stat = statSync(path, { bigint: true });
    const inode = `${stat.dev} ${stat.ino}`;
    return { signature: `${inode} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`, inode, stat };
  } catch (error) {
    return { signature: errnoOf(error) ?? 'unknown' }; // what is wrong with it is said when it is loaded
  }
}

/** Whether it was written to within the last second. A time far in the future tells nothing, and counts as old. */
function isFresh({ stat }: Look, clock: Clock): boolean {
  return stat !== undefined && Math.abs(clock.now() - Number(stat.mtimeMs)) < settledMs;
}

/** Whether it came to its place after it was written: `rename` sets the time of change, and no other. */
function wasRenamed({ stat }: Look): boolean {
  return stat !== undefined && stat.ctimeNs > stat.mtimeNs;
}
