import type { Draft } from '../draft.js';
import type { Finding } from '../finding.js';

/** One thing that must hold for a hooks file whose types are right. Rules know nothing of each other. */
export interface Rule {
  /** What must hold. */
  name: string;
  check(draft: Draft): Iterable<Finding>;
}
