/**
 * The hooks file of a running drain. It is read again after a change, and only
 * when the writer has certainly finished: a file that is saved in place (`cp`,
 * `> file`) is empty at first, then incomplete, and an incomplete file can be
 * valid.
 */
import { type BigIntStats, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hooks } from '../../routing/hooks.js';
import type { HooksRefresh, LiveHooks } from '../../routing/live-hooks.js';
import { type Clock, systemClock } from '../../shared/clock.js';
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import { buildHooks } from '../parse/build.js';
import type { Draft } from '../parse/draft.js';
import { readDocument } from '../parse/yaml-source.js';
import { loadDraft } from './hooks-file.js';

export interface WatchedHooks extends LiveHooks {
  isMissing(): boolean;
  /** Loads now what `refresh` may need: later, an update may have replaced the files of this package. */
  load(): void;
  /** What is wrong with the file, if it broke after it was opened. */
  problem(): CapnhookError | undefined;
  /** Makes the next `refresh` read the file even if it looks unchanged, and calls the listener. */
  invalidate(): void;
}

export interface OpenHooksOptions {
  /** Called after each accepted change, and after each requested reading, even of a broken file. */
  onReload?: () => void;
  /** Default: the machine's clock. */
  clock?: Clock;
  /** Whether a missing file is accepted, with unknown receivers; default false: it is refused. */
  mayBeMissing?: boolean;
  /** Ends the wait for a file that is being written. */
  stop?: AbortSignal | undefined;
}

/** Time without writes, in ms, after which a file counts as complete. */
const settledMs = 1_000;

/** Interval, in ms, at which a file that is being written is checked at the start. */
const firstWatchMs = 100;

/** Maximum wait for such a file, in ms. */
const longestWatchMs = 10_000;

/**
 * Opens the hooks file; waits for one that is being written.
 * @throws CapnhookError `HOOKS_FILE` if the file is missing or broken; `PERMISSION` if reading is not permitted;
 *   `TEMPORARY` if another program keeps writing to it
 */
export async function openHooks(
  path: string,
  { onReload = () => {}, clock = systemClock, stop, mayBeMissing = false }: OpenHooksOptions = {},
): Promise<WatchedHooks> {
  let { seen, draft, isMissing } = await firstLoad(path, { clock, stop, mayBeMissing });
  /** Built on first use. */
  let hooks: Hooks | undefined;
  let isForced = false;
  let problem: CapnhookError | undefined;
  let listener = () => {};
  /** The signature of a change that is not accepted yet, and when it was first seen (monotonic ms). */
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
      // It changed while it was read: the text may be incomplete.
      if (lookAt(path).signature !== look.signature) return { kind: 'unsettled' };
      seen = look;
      pending = undefined;
      const isBroken = loaded instanceof CapnhookError;
      if (isForced || !isBroken) onReload();
      isForced = false;
      problem = isBroken ? loaded : undefined;
      if (isBroken) return { kind: 'broken', error: loaded };
      draft = loaded;
      isMissing = false;
      hooks = undefined;
      return { kind: 'reloaded' };
    },
    isMissing: () => isMissing,
    load: () => void readDocument(''),
    problem: () => problem,
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

/** Loads the file when its writer has finished. @throws as {@link openHooks} */
async function firstLoad(
  path: string,
  { mayBeMissing, ...opening }: Opening & { mayBeMissing: boolean },
): Promise<{ seen: Look; draft: Draft; isMissing: boolean }> {
  const deadline = opening.clock.monotonic() + longestWatchMs;
  for (;;) {
    const seen = await firstLook(path, { ...opening, deadline });
    const loaded = await tryLoad(path);
    // It changed while it was read: the text may be incomplete.
    if (lookAt(path).signature === seen.signature || opening.stop?.aborted) {
      if (mayBeMissing && missing.has(seen.signature)) {
        return { seen, draft: { hooks: [], endpoints: [], inline: [], defaults: {} }, isMissing: true };
      }
      if (loaded instanceof CapnhookError) throw loaded;
      return { seen, draft: loaded, isMissing: false };
    }
    await sleep(firstWatchMs);
  }
}

/**
 * Waits until the file was not written to for a second. Does not wait for a file that was renamed into place, or after
 * `stop`: a drain that stops takes in no events.
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
  return new CapnhookError(
    'TEMPORARY',
    `Cannot use the hooks file ${path}: another program keeps writing to it`,
    {
      hint: 'Try again when it is complete.',
    },
  );
}

async function tryLoad(path: string): Promise<Draft | CapnhookError> {
  try {
    return await loadDraft(path);
  } catch (error) {
    if (error instanceof CapnhookError) return error;
    throw error;
  }
}

/** The signatures of a missing file. */
const missing: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/** A file's metadata. */
interface Look {
  /** Changes whenever the file does: an editor replaces it, or writes into it. */
  signature: string;
  /** Device and inode; undefined if the file cannot be reached. */
  inode?: string;
  stat?: BigIntStats;
}

function lookAt(path: string): Look {
  try {
    const stat = statSync(path, { bigint: true });
    const inode = `${stat.dev} ${stat.ino}`;
    return { signature: `${inode} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`, inode, stat };
  } catch (error) {
    return { signature: errnoOf(error) ?? 'unknown' }; // loading the file reports the problem
  }
}

/** Whether it was written to within the last second. A time far in the future counts as old. */
function isFresh({ stat }: Look, clock: Clock): boolean {
  return stat !== undefined && Math.abs(clock.now() - Number(stat.mtimeMs)) < settledMs;
}

/** Whether it was renamed after it was written: `rename` changes only the ctime. */
function wasRenamed({ stat }: Look): boolean {
  return stat !== undefined && stat.ctimeNs > stat.mtimeNs;
}
