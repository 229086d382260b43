/**
 * The hooks file on disk. A broken file is never edited, and a write is all or
 * nothing. Edits hold a lock beside the file, so only one capnhook writes at a
 * time. If another program (such as an editor) changes the file meanwhile, the
 * edit is made again on the new text.
 */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hooks } from '../../routing/hooks.js';
import { CapnhookError, errnoOf, type Problem } from '../../shared/errors.js';
import { lockBeside } from '../../shared/machine/lock-beside.js';
import { monotonicMs } from '../../shared/monotonic.js';
import { buildHooks } from '../parse/build.js';
import type { Draft } from '../parse/draft.js';
import { parseDraft, parseHooks } from '../parse/parse-hooks.js';
import { type HooksText, readHooksText } from './read-text.js';
import { replaceFile, resolveLinks } from './replace-file.js';

/** Maximum wait for the lock, in ms; longer than the lock of a killed process lasts. */
const LOCK_WAIT_MS = 12_000;
const MAX_ROUNDS = 10;

/**
 * Loads and checks a hooks file. An empty file, or one without entries under
 * `hooks`, is refused: it is probably being saved, or not the intended file, and
 * no event would have a receiver.
 * @throws CapnhookError `HOOKS_FILE` if it is missing, empty, without `hooks`, unreadable or has problems (`problems`
 *   has them all); `PERMISSION` if reading is not permitted
 */
export async function loadHooks(path: string): Promise<Hooks> {
  return buildHooks(await loadDraft(path));
}

/** The same, checked but not yet built: only building needs cryptography, for the endpoints' ids. @throws as {@link loadHooks} */
export async function loadDraft(path: string): Promise<Draft> {
  const parsed = parseDraft(existingHooksText(path).text);
  if (!parsed.ok) throw hasProblems('use', path, parsed.problems);
  if (parsed.lacks !== undefined) {
    const why = parsed.lacks === 'hooks' ? "there is nothing under 'hooks'" : 'the hooks file is empty';
    throw new CapnhookError('HOOKS_FILE', `Cannot use the hooks file ${path}: ${why}`, {
      hint: 'Write `hooks: {}` if no event should have a receiver.',
    });
  }
  return parsed.draft;
}

/** The text of a hooks file that must exist. @throws CapnhookError `HOOKS_FILE` if it does not, and as {@link readHooksText} */
export function existingHooksText(path: string): HooksText {
  const read = readHooksText(path);
  if (read !== undefined) return read;
  throw new CapnhookError('HOOKS_FILE', `Cannot find the hooks file ${path}`, {
    hint: "Make one with 'capnhook register <hook> <url>', or name another with --config.",
  });
}

/**
 * Edits a hooks file under its lock; a missing file counts as empty. Nothing is
 * written if the text stays the same. A symbolic link is kept.
 *
 * @param edit must be pure: it may be called again on a newer text
 * @param options.waitMs maximum wait for the lock; default 12 seconds
 * @returns the result of `edit`
 * @throws CapnhookError `BUSY` if the lock was held all the time; `HOOKS_FILE` if the present file has
 *   problems or cannot be written; `PERMISSION`; and every error of `edit`
 */
export async function editHooksFile<T extends object>(
  path: string,
  edit: (text: string) => { text: string } & T,
  { waitMs = LOCK_WAIT_MS }: { waitMs?: number } = {},
): Promise<T> {
  const file = await resolveLinks(path).catch(cannotWrite(path));
  const unlock = await lockWithin(file, waitMs).catch(cannotWrite(path));
  if (unlock === undefined) {
    throw new CapnhookError('BUSY', `Cannot edit the hooks file ${path}: another capnhook is editing it`, {
      hint: `Try again. If no other capnhook is running, remove the directory ${file}.lock.`,
    });
  }
  try {
    return await editLocked(file, path, edit);
  } finally {
    await unlock().catch(ignoreLostLock);
  }
}

async function editLocked<T extends object>(
  file: string,
  path: string,
  edit: (text: string) => { text: string } & T,
): Promise<T> {
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const before = readHooksText(file);
    const text = before?.text ?? '';
    const parsed = parseHooks(text);
    if (!parsed.ok) throw hasProblems('edit', path, parsed.problems);
    const edited = edit(text);
    if (edited.text === text) return edited;
    const unless = async () => readHooksText(file)?.version !== before?.version;
    const replaced = replaceFile(file, edited.text, { keep: before?.attributes, unless });
    if (await replaced.catch(cannotWrite(path))) return edited;
  }
  throw new CapnhookError('BUSY', `Cannot edit the hooks file ${path}: another program keeps changing it`);
}

/** Retries often and at random intervals: an edit takes milliseconds, and many processes may wait. */
async function lockWithin(file: string, waitMs: number): ReturnType<typeof lockBeside> {
  const deadline = monotonicMs() + waitMs;
  for (;;) {
    const unlock = await lockBeside(file, { retries: 0 });
    if (unlock !== undefined || monotonicMs() >= deadline) return unlock;
    await sleep(5 + 45 * Math.random());
  }
}

/** A lock that was lost need not be released: the edit is done. */
function ignoreLostLock(error: unknown): void {
  if (!['ERELEASED', 'ENOTACQUIRED', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
}

function hasProblems(verb: string, path: string, problems: readonly Problem[]): CapnhookError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new CapnhookError('HOOKS_FILE', `Cannot ${verb} the hooks file ${path}: it has ${count}`, {
    problems,
  });
}

function howToWrite(path: string): string {
  return `A new file is written beside it and renamed, so ${dirname(path)} must be writable, too. If only the file is mounted, mount its directory, or edit the original.`;
}

/** Turns the errno of a failed write into an error for a person. */
function cannotWrite(path: string): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof CapnhookError) throw cause;
    const errno = errnoOf(cause);
    if (errno === undefined) throw cause;
    if (errno === 'ENOSPC' || errno === 'EDQUOT')
      throw new CapnhookError(
        'TEMPORARY',
        `Cannot write the hooks file ${path}: no space is left (${errno})`,
        {
          cause,
          hint: 'It was not changed. Free some space, then try again.',
        },
      );
    const code = ['EACCES', 'EPERM', 'EROFS'].includes(errno) ? 'PERMISSION' : 'HOOKS_FILE';
    const hint = code === 'PERMISSION' ? howToWrite(path) : undefined;
    throw new CapnhookError(code, `Cannot write the hooks file ${path}: ${errno}`, { cause, hint });
  };
}
