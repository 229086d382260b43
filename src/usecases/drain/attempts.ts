/** The attempts in flight: starts them, round robin over the endpoints and within every limit, and sees them home. */
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { allowedConcurrency, isOpen } from '../../endpoint/health.js';
import type { Delivery } from '../../spool/spool.js';
import type { DrainPorts } from './ports.js';
import type { Resting } from './resting.js';
import type { Routing } from './routing.js';
import type { Settler } from './settle.js';

/** So many rounds over the endpoints are made at most before the world is looked at again. */
const roundsAtOnce = 64;

/** None is started while the payloads in flight have more bytes than this: each is in memory. */
const maxBytesInFlight = 64 * 2 ** 20;

export interface Attempts {
  /** Starts what the limits allow; false if there may be more to start at once. */
  fill(): Promise<boolean>;
  /** How many are in flight. */
  count(): number;
  /** Whether one of them is to this endpoint. */
  isBusy(endpoint: string): boolean;
  /** Cuts off all that are in flight. */
  cutOff(): void;
  /** Resolves when none is in flight any more. */
  settled(): Promise<void>;
  /** What the lease failed with while one was settled; then nothing is started any more. */
  failure(): unknown;
}

export interface AttemptsOptions {
  routing: Routing;
  settler: Settler;
  /** At once, over all endpoints. */
  maxInFlight: number;
  resting: Resting;
  /** Retries that were due at this time, ms since the epoch, are due. */
  dueAt(): number;
  isStopping(): boolean;
  /** Told when one has come home. */
  onHome(): void;
}

/** No attempts yet. */
export function createAttempts(ports: DrainPorts, options: AttemptsOptions): Attempts {
  const { lease, sender, clock } = ports;
  const { routing, settler, maxInFlight, resting, dueAt, isStopping, onHome } = options;
  const cut = new AbortController();
  const running = new Set<Promise<void>>();
  const inFlight = new Map<string, number>();
  let bytesInFlight = 0;
  let turn = 0;
  let failure: unknown;

  function mayGoOn(): boolean {
    const hasRoom = running.size < maxInFlight && bytesInFlight <= maxBytesInFlight;
    return failure === undefined && !isStopping() && hasRoom && resting.pauseMs() === 0;
  }

  /** Begins at another endpoint each time, so that none is always last. */
  function rotated(endpoints: readonly string[]): string[] {
    turn += 1;
    const first = turn % Math.max(endpoints.length, 1);
    return [...endpoints.slice(first), ...endpoints.slice(0, first)];
  }

  function isOpenNow(id: string): boolean {
    return !resting.isResting(id) && isOpen(lease.health(id), clock.now(), routing.settingsOf(id).retry);
  }

  function mayTry(id: string): boolean {
    const busy = inFlight.get(id) ?? 0;
    if (isOpenNow(id)) return busy < allowedConcurrency(lease.health(id), routing.settingsOf(id).concurrency);
    if (resting.isResting(id)) return false;
    // Nobody is registered under that id any more: only its deliveries can tell what becomes of them.
    return !routing.isRegistered(id) && busy === 0;
  }

  /** Claims one delivery and starts its attempt; false if there was none to claim. */
  async function take(id: string): Promise<boolean> {
    const { deliveries, corrupt, unread } = await lease.claim(id, { limit: 1, now: dueAt() });
    corrupt.forEach(settler.noteCorrupt);
    unread.forEach(settler.noteUnread);
    const [delivery] = deliveries;
    if (delivery === undefined) return corrupt.length > 0;
    if (await settler.finish(delivery)) return true;
    const endpoint = routing.endpointFor(delivery.event, id);
    if (endpoint === undefined) {
      await settler.buryDeregistered(delivery);
      await setImmediate(); // there may be a million of them, and others to hear
      return true;
    }
    if (isStopping() || !isOpenNow(id)) {
      lease.release(delivery);
      return false;
    }
    follow(id, delivery, attempt(delivery, endpoint));
    return true;
  }

  async function attempt(delivery: Delivery, endpoint: Endpoint): Promise<void> {
    const number = settler.attemptNumber(delivery);
    const startedAt = clock.now();
    const before = clock.monotonic();
    const result = await sender.send({
      event: delivery.event,
      endpoint,
      attempt: number,
      timestamp: Math.floor(startedAt / 1000),
      signal: cut.signal,
    });
    const ms = Math.round(clock.monotonic() - before);
    await settler.settle({ delivery, endpoint, attempt: number, startedAt, ms, result });
  }

  function follow(id: string, { event }: Delivery, started: Promise<void>): void {
    bytesInFlight += event.payload.byteLength;
    inFlight.set(id, (inFlight.get(id) ?? 0) + 1);
    const followed: Promise<void> = started
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        const left = (inFlight.get(id) ?? 1) - 1;
        if (left === 0) inFlight.delete(id);
        else inFlight.set(id, left);
        bytesInFlight -= event.payload.byteLength;
        running.delete(followed);
        onHome();
      });
    running.add(followed);
  }

  return {
    async fill() {
      for (let round = 0; round < roundsAtOnce; round += 1) {
        let started = false;
        for (const endpoint of rotated(lease.ready({ now: dueAt() }))) {
          if (!mayGoOn()) return true;
          if (mayTry(endpoint) && (await take(endpoint))) started = true;
        }
        if (!started) return true;
      }
      return false;
    },
    count: () => running.size,
    isBusy: (id) => inFlight.has(id),
    cutOff: () => cut.abort(),
    async settled() {
      await Promise.all(running);
    },
    failure: () => failure,
  };
}
