/** Why an entry was set apart or given up, and what is kept beside it. */

/** Why an event was kept apart. */
export interface UnclaimedReason {
  reason: 'unclaimed';
  /** Words for a person. */
  message: string;
  hook?: string;
  /** How many events: 1, or those of a batch. */
  events: number;
  /** Since when, ISO 8601, UTC. */
  time: string;
}

/** What is kept of a failed answer. Contains no known secret and no whole URL. */
export interface KeptAnswer {
  /** The event's id. */
  event: string;
  /** When it came, ISO 8601 in UTC. */
  time: string;
  /** The HTTP status. */
  status: number;
  contentType?: string;
  /** The beginning of the body, at most 8 KiB. */
  body?: string;
}

/** Why a delivery was given up. */
export interface Why {
  /** A stable word: `gave-up`, `deregistered`, … */
  reason: string;
  /** Words for a person. */
  message: string;
  attempts: number;
  /** ISO 8601, UTC. */
  time: string;
  /** The last answer to it, if it failed. */
  answer?: KeptAnswer;
}

/** An entry that cannot be used, now or ever, with the reason. */
export interface EntryProblem {
  name: string;
  reason: string;
}
