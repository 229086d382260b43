/** What was selected to be retried, dropped or purged, in words. */
import type { Operated } from '../../library/operate.js';
import { count, safe } from './text.js';

type Counted = Pick<Operated, 'states' | 'hooks' | 'endpoints'>;

/** Maximum number of hooks or endpoints that are named. */
const maxNamed = 5;

/** `3 queued deliveries and 1 event not taken in yet`. */
export function renderStates({ states }: Pick<Operated, 'states'>): string {
  const { incoming = 0, queued = 0, retry = 0, unclaimed = 0, dead = 0 } = states;
  const parts = [
    queued > 0 && count(queued, 'queued delivery', 'queued deliveries'),
    retry > 0 && count(retry, 'deferred delivery', 'deferred deliveries'),
    dead > 0 && count(dead, 'dead delivery', 'dead deliveries'),
    unclaimed > 0 && count(unclaimed, 'unclaimed event'),
    incoming > 0 && `${count(incoming, 'event')} not taken in yet`,
  ];
  return listed(parts.filter((part) => part !== false));
}

/** `(4 of build.failed, 1 without a hook)`. */
export function renderHooks({ hooks }: Pick<Operated, 'hooks'>): string {
  const named = hooks
    .slice(0, maxNamed)
    .map(
      ({ hook, count: number }) => `${number} ${hook === undefined ? 'without a hook' : `of ${safe(hook)}`}`,
    );
  const others = hooks.slice(maxNamed);
  const rest = others.reduce((sum, each) => sum + each.count, 0);
  if (rest > 0) named.push(`${rest} of ${count(others.length, 'other hook')}`);
  return `(${named.join(', ')})`;
}

/** `chat, audit and 3 other endpoints`. */
export function renderEndpoints({ endpoints }: Pick<Counted, 'endpoints'>): string {
  const named = endpoints.slice(0, maxNamed).map(safe);
  const others = endpoints.length - named.length;
  return listed(others > 0 ? [...named, count(others, 'other endpoint')] : named);
}

/** `a, b and c`. */
export function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
