/** The output of a drain: a line for each notice, and a last line with the reason if it did not end well. */
import { spoolPath } from '../config/paths.js';
import { type EndKind, noteReason, readLeft } from '../library/drain/drain-news.js';
import type { CapnhookError } from '../shared/errors.js';
import type { DrainSummary, Notice } from '../usecases/drain/ports.js';
import { exitCodeFor, reasonOfError, reasonOfNotice, reasonOfSummary } from './drain-end.js';
import type { Io } from './io/io.js';
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
  /** Reports a notice. */
  notice(notice: Notice): void;
  /** Reports the end of a drain. @returns its exit code */
  end(summary: DrainSummary, signal: EndingSignal | undefined): number;
  /** Whether the error of a drain that could not begin, or could not continue, is to be printed. */
  isNews(error: CapnhookError): boolean;
  /** Prints the last line of such a drain: what is left, and why. */
  fail(error: CapnhookError): Promise<void>;
}

export interface DrainReportOptions {
  daemon: boolean;
  globals: Globals;
  io: Io;
}

/** Maximum number of reasons from notices that are compared. */
const maxReasons = 100;

/** Kinds of notices that every pass repeats while their cause lasts. */
const lasting: ReadonlySet<Notice['kind']> = new Set([
  'unread',
  'immovable',
  'more-postponed',
  'journal-failed',
]);

/**
 * Makes the report of one drain.
 * @param say writes a line
 */
export async function createDrainReport(
  say: (line: string) => void,
  { daemon, globals, io }: DrainReportOptions,
): Promise<DrainReport> {
  const style = await createStyle(globals.color && io.isTerminal('err'));
  const { verbose, quiet, json } = globals;
  const reasons = new Set<string>();
  /** Reasons that are reported although the drain ends with 0. */
  const lastingReasons = new Set<string>();
  /** Whether there were more entries in `incoming/` than are reported by name. */
  let areMore = false;
  /** Lines that are printed only if the drain's end is news. */
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
      if (quiet && (notice.kind === 'well' || notice.kind === 'resumed')) return; // every other notice without --verbose is about trouble
      const line = renderNotice(notice, { verbose: verbose && !quiet, now: Date.now(), style });
      if (line === undefined) return;
      if (quiet && !daemon && lasting.has(notice.kind)) held.push(line);
      else say(line);
    },
    end(summary, signal) {
      const exitCode = signal?.exitCode ?? exitCodeFor(summary);
      const isWell = exitCode === 0 && lastingReasons.size === 0;
      const noticed = exitCode === 0 ? lastingReasons : reasons;
      // If only ten of many are named, the choice is random.
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
      const words = left === undefined ? 'cannot read what is queued' : renderLeft(left, Date.now());
      const [why = ''] = message.replace(/^Cannot drain: /, '').split('\n');
      say(`${words}; ${why}`);
    },
  };
}
