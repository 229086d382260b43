/**
 * `answers/`: the last failed answer of each endpoint (`<endpoint>.json`) and
 * of each delivery that failed alone (`<endpoint>/<event id>.json`). Evidence
 * only: losing it, or finding it torn, costs nothing else, and no error of it
 * stops a delivery. With the answers in `dead/` it is bounded in all, by
 * `kept-answers.ts`.
 */
import { ignoreErrno } from '../../../shared/errors.js';
import type { KeptAnswer } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { privateDir, privateFile } from '../disk/layout.js';
import { discard, ensureDirectory, ensureRoom, writeWhole } from '../disk/write-file.js';
import { createKeptAnswers } from './kept-answers.js';
import { readAnswer } from './read-answer.js';

/** How often an endpoint's last answer is written at most, in ms. */
const saveEveryMs = 1000;

export interface AnswerFiles {
  /** An endpoint has answered so; written a second later. */
  note(endpoint: string, answer: KeptAnswer): void;
  /** Keeps the answer to a delivery that failed alone. */
  keep(endpoint: string, answer: KeptAnswer): void;
  /** What is kept of a delivery. */
  of(endpoint: string, event: string): KeptAnswer | undefined;
  /** Forgets what is kept of a delivery. */
  drop(endpoint: string, event: string): void;
  /** A file in `dead/` holds an answer. @param path below the spool */
  buried(path: string, bytes: number): void;
  /** Writes what has changed. */
  flush(): void;
  /** Forgets what has changed: where it would be written is not ours any more. */
  cancel(): void;
}

/** @param token names a temporary file, uniquely */
export function createAnswerFiles(disk: Disk, root: string, token: () => string): AnswerFiles {
  const kept = createKeptAnswers(disk, root, token);
  const changed = new Map<string, KeptAnswer>();
  let timer: NodeJS.Timeout | undefined;

  function write(path: string, answer: KeptAnswer): void {
    const temporary = `${root}/tmp/${token()}`;
    const bytes = Buffer.from(`${JSON.stringify(answer)}\n`);
    try {
      writeWhole(disk, temporary, { bytes, mode: privateFile });
      disk.renameSync(temporary, `${root}/${path}`);
      kept.add(path, bytes.length);
    } catch (error) {
      discard(disk, temporary);
      ignoreErrno(error);
    }
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (changed.size === 0) return;
    const answers = [...changed];
    changed.clear();
    if (!hasRoom(disk, root)) return;
    for (const [endpoint, answer] of answers) write(`answers/${endpoint}.json`, answer);
  }

  return {
    note(endpoint, answer) {
      changed.set(endpoint, answer);
      timer ??= setTimeout(flush, saveEveryMs).unref();
    },
    keep(endpoint, answer) {
      if (!hasRoom(disk, root, endpoint)) return;
      write(`answers/${endpoint}/${answer.event}.json`, answer);
    },
    of: (endpoint, event) => readAnswer(disk, `${root}/answers/${endpoint}/${event}.json`),
    drop(endpoint, event) {
      try {
        disk.unlinkSync(`${root}/answers/${endpoint}/${event}.json`);
        disk.rmdirSync(`${root}/answers/${endpoint}`);
      } catch (error) {
        ignoreErrno(error); // it is missing, or not empty
      }
    },
    buried: kept.add,
    flush,
    cancel() {
      clearTimeout(timer);
      changed.clear();
    },
  };
}

/** Makes the directory, and an endpoint's own in it, where they are not there. */
function hasRoom(disk: Disk, root: string, endpoint?: string): boolean {
  try {
    const path = ensureRoom(disk, root, 'answers');
    if (endpoint !== undefined) ensureDirectory(disk, `${path}/${endpoint}`, privateDir);
    return true;
  } catch (error) {
    ignoreErrno(error);
    return false;
  }
}
