import type { ControlRequest, Delivery } from '../../../spool/spool.js';
import type { MovingWish } from '../../operate/carry-out.js';
import type { DrainPorts } from '../ports.js';
import { type OpenRequest, type OpenRequestOptions, openRequest } from './open-request.js';

/** How often requests are read while some are open, in ms. */
const readEveryMs = 1_000;

/** How often it is noted that requests are being obeyed, in ms. */
const progressMs = 1_000;

/** Whether a request may be obeyed now. */
export type IsAllowed = (request: ControlRequest) => boolean;

/** The requests that are not obeyed to their end. */
export interface OpenRequests {
  /** Whether there are any that the spool has not refused. */
  areAny(): boolean;
  /** Reads the requests. @returns whether there is one that is not open */
  areNew(): boolean;
  /** When the next walk of any may begin, monotonic ms; Infinity for never. */
  firstDueAt(): number;
  /** The next one whose walk may begin, which it does. They are read once a second, and not once for each of them. */
  next(isAllowed: IsAllowed): OpenRequest | undefined;
  /** Nothing is left of a request. */
  obeyed(open: OpenRequest): void;
  /** Tells all who wait, once a second: each request has its turn. */
  noteProgress(): void;
  /** The wish of this kind, if any, that was obeyed while a delivery was in flight that has come back. */
  ended(delivery: Delivery, kind: MovingWish['kind']): MovingWish | undefined;
}

/** Makes the record of the open requests of a drain. */
export function createOpenRequests(ports: DrainPorts, options: OpenRequestOptions): OpenRequests {
  const { side, clock, report } = ports;
  /** By their ids, as long as their files are there: whatever ends this drain, the next one obeys them. */
  const open = new Map<string, OpenRequest>();
  let readAt = Number.NEGATIVE_INFINITY;
  let notedAt = readAt;

  /** Those of a newer version stay, and are reported. */
  function readAll(): readonly ControlRequest[] {
    const { requests, unknown } = side.requests();
    for (const entry of unknown) report({ kind: 'unknown-request', entry });
    return requests;
  }

  function read(): void {
    readAt = clock.monotonic();
    const requests = readAll();
    const ids = new Set(requests.map(({ id }) => id));
    for (const id of open.keys()) if (!ids.has(id)) open.delete(id);
    for (const each of requests) if (!open.has(each.id)) open.set(each.id, openRequest(ports, each, options));
  }

  function firstDue(isAllowed: IsAllowed): OpenRequest | undefined {
    const now = clock.monotonic();
    for (const each of open.values()) if (each.dueAt() <= now && isAllowed(each.request)) return each;
    return undefined;
  }

  function noteProgress(): void {
    const now = clock.monotonic();
    if (now - notedAt < progressMs) return;
    notedAt = now;
    for (const id of open.keys()) side.noteProgress(id);
  }

  return {
    areAny: () => [...open.values()].some((each) => !each.isPutOff()),
    areNew: () => readAll().some(({ id }) => !open.has(id)),
    firstDueAt() {
      let first = Infinity;
      for (const each of open.values()) first = Math.min(first, each.dueAt());
      return first;
    },
    next(isAllowed) {
      if (firstDue(isAllowed) === undefined || clock.monotonic() - readAt >= readEveryMs) read();
      const due = firstDue(isAllowed);
      due?.begin();
      return due;
    },
    obeyed({ request: { id } }) {
      open.delete(id);
      side.finishRequest(id);
    },
    noteProgress,
    ended(delivery, kind) {
      if (open.size === 0) return undefined; // asked of each delivery that is sent
      for (const each of open.values()) {
        const wish = each.ended(delivery, kind);
        if (wish === undefined) continue;
        noteProgress();
        return wish;
      }
      return undefined;
    },
  };
}
