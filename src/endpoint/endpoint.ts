/** A literal text, or a reference to a secret kept elsewhere. Never interpolated. */
export type Secret =
  | { readonly value: string }
  | { readonly env: string }
  | { readonly file: string }
  | { readonly credential: string };

/** Back-off after failed attempts. */
export interface RetryPolicy {
  /** The waits after the first, second, … failure in milliseconds; the last one repeats. */
  scheduleMs: readonly number[];
  /** Random variation of a wait, 0 to 1 (0.2 = ±20 %). */
  jitter: number;
}

/** Maximum number of attempts in any stretch of time of a length. */
export interface Rate {
  /** Attempts, from 1. */
  count: number;
  /** The length in ms: of a second, a minute, an hour or a day. */
  perMs: number;
}

/** The values of `order`. */
export const ORDERS = ['any', 'strict'] as const;

/** The values of `onFailure`. */
export const ON_FAILURES = ['block', 'skip'] as const;

/** How long what was delivered is kept. */
export interface SentPolicy {
  /** Time after the delivery, in ms, counted from the end of its day (UTC). */
  keepMs: number;
  /** Maximum size of what is kept of an endpoint, in bytes; the oldest goes first. */
  maxBytes: number;
}

/** What holds where `sent` leaves something out: 7 days, 1 GiB. */
export const sentDefaults: SentPolicy = { keepMs: 7 * 86_400_000, maxBytes: 2 ** 30 };

/** A URL with its settings. */
export interface Endpoint {
  /** Used in the spool, the journal and all output. Reveals at most the host of the URL. */
  id: string;
  url: Secret;
  /** Sent with each attempt, names in lower case. */
  headers: Readonly<Record<string, Secret>>;
  /** `whsec_` or `whsk_` secrets; several while secrets are rotated. */
  sign: readonly Secret[];
  /** Time limit of a whole attempt, connecting included. */
  timeoutMs: number;
  /** Maximum concurrent attempts. */
  concurrency: number;
  /** Rate limit. Absent: as fast as it answers. */
  rate?: Rate;
  /** `strict`: one delivery at a time, in order. */
  order: (typeof ORDERS)[number];
  /** In strict order, whether the others wait for a delivery that fails alone (`block`) or pass it (`skip`). */
  onFailure: (typeof ON_FAILURES)[number];
  /** A delivery older than this is given up once its endpoint was tried often enough. */
  giveUpAfterMs: number;
  retry: RetryPolicy;
  /** Keeps what was delivered, to be sent again. Absent: nothing is kept. */
  sent?: SentPolicy;
  /** A command that is run for each change of the endpoint's state: its name and arguments. */
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
