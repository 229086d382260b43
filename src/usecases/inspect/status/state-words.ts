/** States in words. Pure. */
import { formatSpan } from '../../../shared/duration.js';
import type { EndpointStatus } from './status-data.js';

/** The state of an endpoint, in words: `parked: 503, next try in 40s`. @param options.now ms since the epoch */
export function stateWords(
  { state, reason, allowed, limit, nextTry, pausedBy, pausedUntil }: EndpointStatus,
  { now }: { now: number },
): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  const next = nextTry === undefined ? '' : `, next try ${nextTryWords(nextTry, now)}`;
  switch (state) {
    case 'ok':
      return 'ok';
    case 'on-hold':
      return 'on hold: not registered';
    case 'recovering':
      return `recovering ${allowed}/${limit}`;
    case 'paused': {
      const until = pausedUntil === undefined ? '' : ` until ${pausedUntil}`;
      return pausedBy === undefined ? `paused${why}` : `paused by ${pausedBy}${until}${why}`;
    }
    case 'parked':
      return `parked${why}${next}`;
    case 'rejecting':
      return `rejecting${why}`;
    case 'misconfigured':
      return `misconfigured${why}`;
  }
}

/** When something is tried next: `in 4m 9s`, or `with the next drain`. @param now ms since the epoch */
export function nextTryWords(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  return ms <= 0 ? 'with the next drain' : `in ${formatSpan(ms)}`;
}
