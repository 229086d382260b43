import type { Rate } from '../endpoint/endpoint.js';
import { parseRate } from '../endpoint/rate.js';
import { CapnhookError } from '../shared/errors.js';
import { shown } from '../shared/shown.js';
import { type Replayed, replayEntries } from '../usecases/operate/replay.js';
import { entriesNamedBy, portsFor, type SelectOptions } from './operate.js';

export type { Replayed } from '../usecases/operate/replay.js';

/** Which deliveries are meant; each member that is there must hold. */
export interface ReplayOptions extends Omit<SelectOptions, 'states' | 'reasons' | 'by'> {
  /** At most this fast to each endpoint, such as `10/s`; default: as fast as its own limits allow. */
  rate?: string | undefined;
}

/**
 * Sends again what was delivered and kept, by `sent` in the hooks file: with the `webhook-id` that it had, to the endpoint
 * that got it, if that is still registered for it. It is queued; a drain sends it, and takes up to a second to begin.
 * @param options.since delivered at this time or later, and `before` this time: dates, or ms since the epoch
 * @throws CapnhookError as `retry`; `USAGE` for a bad rate
 * @example const { count } = await replay({ since: Date.now() - 7_200_000, endpoint: 'chat', rate: '10/s' });
 */
export async function replay({ rate, ...options }: ReplayOptions): Promise<Replayed> {
  const named = { ...entriesNamedBy(options), rate: rate === undefined ? undefined : rateOf(rate) };
  return replayEntries(portsFor(options, 'replay'), named, options);
}

function rateOf(text: string): Rate {
  const rate = parseRate(text);
  if (rate !== undefined) return rate;
  throw new CapnhookError('USAGE', `Cannot replay: ${shown(text)} is not a rate`, {
    hint: 'A rate is a number from 1 to 10000 and a unit: 10/s, 100/m, 1000/h or 5000/d.',
  });
}
