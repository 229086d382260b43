/** Text that is given, or a reference to where a secret is kept. Never interpolated. */
export type Secret =
  | { readonly value: string }
  | { readonly env: string }
  | { readonly file: string }
  | { readonly credential: string };

/** Back-off after a failed attempt. */
export interface RetryPolicy {
  /** The waits after the first, second, … failure in milliseconds; the last one repeats. */
  scheduleMs: readonly number[];
  /** The share by which a wait is varied at random, 0 to 1 (0.2 = ±20 %). */
  jitter: number;
}

/** At most so many attempts in any stretch of time of that length. */
export interface Rate {
  /** Attempts, from 1. */
  count: number;
  /** The length in ms: of a second, a minute, an hour or a day. */
  perMs: number;
}

/** What `order` can be. */
export const ORDERS = ['any', 'strict'] as const;

/** What `onFailure` can be. */
export const ON_FAILURES = ['block', 'skip'] as const;

/** A URL with its settings. */
export interface Endpoint {
  /** Names it in the spool, the journal and all output; tells nothing of the URL but its host. */
  id: string;
  url: Secret;
  /** Sent with each attempt, names in lower case. */
  headers: Readonly<Record<string, Secret>>;
  /** One `whsec_` or `whsk_` secret each; several while one is replaced by another. */
  sign: readonly Secret[];
  /** For a whole attempt, connecting included. */
  timeoutMs: number;
  /** Attempts in flight at once, at most. */
  concurrency: number;
  /** Absent: as fast as it answers. */
  rate?: Rate;
  /** `strict`: one delivery at a time, each after the one before it. */
  order: (typeof ORDERS)[number];
  /** What a delivery in strict order does that fails alone: the others wait for it (`block`), or go on without it (`skip`). */
  onFailure: (typeof ON_FAILURES)[number];
  /** A delivery older than this is given up once its endpoint was tried often enough. */
  giveUpAfterMs: number;
  retry: RetryPolicy;
  /** A command that is told of each change of the endpoint: its name and arguments. */
  onChange?: readonly string[];
}

/** The settings an endpoint has where the hooks file says nothing. */
export const endpointDefaults: Omit<Endpoint, 'id' | 'url'> = {
  headers: {},
  sign: [],
  timeoutMs: 20_000,
  concurrency: 4,
  order: 'any',
  onFailure: 'block',
  giveUpAfterMs: 3 * 86_400_000,
  retry: {
    // Standard Webhooks' schedule, slightly longer at its end.
    scheduleMs: [
      5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000,
    ],
    jitter: 0.2,
  },
};
