/** What a drain says: a line for each notice, and at its end why it did not end well. */
import { spoolPath } from '../config/paths.js';
import { type EndKind, noteReason, readLeft } from '../library/drain-news.js';
import type { CapnhookError } from '../shared/errors.js';
import type { DrainSummary, Notice } from '../usecases/drain/ports.js';
import { exitCodeFor, reasonOfError, reasonOfNotice, reasonOfSummary } from './drain-end.js';
import type { Io } from './io.js';
import type { Globals } from './options.js';
import { renderNotice } from './render/notice.js';
import { createStyle } from './render/style.js';
import { renderLeft, renderSummary } from './render/summary.js';

/** A signal that ended a drain. */
export interface EndingSignal {
  name: 'SIGINT' | 'SIGTERM';
  /** 130 or 143. */
  exitCode: number;
}

export interface DrainReport {
  /** Told of everything that happens. */
  notice(notice: Notice): void;
  /** Tells how a drain has ended. @returns its exit code */
  end(summary: DrainSummary, signal: EndingSignal | undefined): number;
  /** Whether a drain that could not begin, or go on, is to tell its error. */
  isNews(error: CapnhookError): boolean;
  /** Tells what is left, and why, in the last line of such a drain. */
  fail(error: CapnhookError): Promise<void>;
}

export interface DrainReportOptions {
  daemon: boolean;
  globals: Globals;
  io: Io;
}

/** Reasons that are compared, of what one drain notices. */
const maxReasons = 100;

/** What lasts from one pass to the next, and is noticed by each. */
const lasting: ReadonlySet<Notice['kind']> = new Set([
  'unread',
  'immovable',
  'more-postponed',
  'journal-failed',
]);

/**
 * The report of one drain.
 * @param say writes a line
 */
export async function createDrainReport(
  say: (line: string) => void,
  { daemon, globals, io }: DrainReportOptions,
): Promise<DrainReport> {
  const style = await createStyle(globals.color && io.isTerminal('err'));
  const { verbose, quiet, json } = globals;
  const reasons = new Set<string>();
  /** Those that are told although the drain ends with 0. */
  const lastingReasons = new Set<string>();
  /** Whether there were more entries in `incoming/` than are told by name. */
  let areMore = false;
  /** Lines that are told only where the drain's end is news. */
  const held: string[] = [];

  function isNewReason(kind: EndKind, reason: string | undefined): boolean {
    return noteReason(spoolPath(io.env, globals.spool), kind, reason);
  }

  function sayHeld(): void {
    for (const line of held.splice(0)) say(line);
  }

  return {
    notice(notice) {
      const reason = reasonOfNotice(notice);
      if (reason !== undefined && reasons.size < maxReasons) reasons.add(reason);
      if (reason !== undefined && notice.kind === 'immovable') lastingReasons.add(reason);
      areMore ||= notice.kind === 'more-postponed';
      if (quiet && (notice.kind === 'well' || notice.kind === 'resumed')) return; // all else that is told without --verbose is trouble
      const line = renderNotice(notice, { verbose: verbose && !quiet, now: Date.now(), style });
      if (line === undefined) return;
      if (quiet && !daemon && lasting.has(notice.kind)) held.push(line);
      else say(line);
    },
    end(summary, signal) {
      const exitCode = signal?.exitCode ?? exitCodeFor(summary);
      const isWell = exitCode === 0 && lastingReasons.size === 0;
      const noticed = exitCode === 0 ? lastingReasons : reasons;
      // Where only ten of many are named, which ones is chance.
      if (areMore) for (const each of lastingReasons) noticed.delete(each);
      const reason = isWell ? undefined : reasonOfSummary(exitCode, summary, noticed);
      const isNews = isNewReason('ended', reason) || signal !== undefined || !quiet;
      const isAsked = !quiet && !json && (daemon || verbose || io.isTerminal('err'));
      if (exitCode === 0 && isNews) sayHeld();
      if (exitCode === 0 ? !isAsked : !isNews) return exitCode;
      sayHeld();
      const how = signal === undefined ? '' : ` by ${signal.name}`;
      const begin = daemon || signal !== undefined ? `ended${how}: ` : '';
      say(`${begin}${renderSummary(summary, Date.now())}`);
      return exitCode;
    },
    isNews(error) {
      const isBusy = error.code === 'BUSY';
      const isNew = isBusy ? isNewReason('busy', 'busy') : isNewReason('ended', reasonOfError(error));
      return isNew || !quiet || daemon;
    },
    async fail({ message }) {
      sayHeld();
      const left = await readLeft({ spool: globals.spool, env: io.env });
      const words = left === undefined ? 'what is queued cannot be read' : renderLeft(left, Date.now());
      const [why = ''] = message.replace(/^Cannot drain: /, '').split('\n');
      say(`${words}; ${why}`);
    },
  };
}
