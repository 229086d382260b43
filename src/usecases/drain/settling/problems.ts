/** What of the spool could not be read. */
import type { Claim, EntryProblem } from '../../../spool/spool.js';
import type { DrainSummary } from '../ports.js';
import type { Reporter } from '../reporting/reporter.js';

export interface Problems {
  /** Counts and reports an entry that was moved to `corrupt/`. */
  noteQuarantined(problem: EntryProblem): void;
  /** Reports the problems of a claim; each entry that cannot be read now once. */
  noteProblems(claim: Pick<Claim, 'quarantined' | 'postponed'>): void;
}

/** Makes what notes the problems of a drain. */
export function createProblems(summary: DrainSummary, reporter: Reporter): Problems {
  function noteQuarantined(problem: EntryProblem): void {
    summary.corrupt += 1;
    reporter.quarantined(problem);
  }

  return {
    noteQuarantined,
    noteProblems({ quarantined, postponed }) {
      quarantined.forEach(noteQuarantined);
      postponed.forEach(reporter.postponed);
    },
  };
}
