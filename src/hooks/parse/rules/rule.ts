import type { Draft } from '../draft.js';
import type { Finding } from '../finding.js';

/** One rule for hooks files whose types are right. Rules are independent of each other. */
export interface Rule {
  /** The rule as a sentence. */
  name: string;
  check(draft: Draft): Iterable<Finding>;
}
