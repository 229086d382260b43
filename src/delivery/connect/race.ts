/**
 * Connects to the first of several addresses that answers (RFC 8305, "Happy
 * Eyeballs"). Attempts start one after the other and run beside each other: a
 * slow address is not given up because a later one was started. The sockets that
 * lose are destroyed; when the signal is aborted, all are.
 */
import { createConnection, type Socket } from 'node:net';
import { errnoOf } from '../../shared/errors.js';
import { monotonicMs } from '../../shared/monotonic.js';

/** The time between two starts, in ms (RFC 8305, section 5: "Connection Attempt Delay"). */
const staggerMs = 250;

/** Maximum connection attempts under way for one request. */
const maxOpen = 6;

/** Size of reads of a plain socket, in bytes, as undici has it. */
const readBytes = 65_536;

/** The time after which an idle connection is probed by TCP, in ms. */
const keepAliveProbeMs = 60_000;

/** Errors of this machine's way to one address; another address says more of the receiver. */
const noWay: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EAFNOSUPPORT']);

export interface RaceOptions {
  port: number;
  /** The time for all of it, in ms: every address gets a fair part. */
  timeoutMs: number;
  /** Destroys every socket. */
  signal: AbortSignal;
  /** Opens a socket that connects; for tests. */
  open?: (address: string, port: number) => Socket;
}

/**
 * Connects to one of the addresses.
 *
 * At most six attempts run at a time. With more addresses than that each one has
 * `timeoutMs × 6 / addresses` before the next takes its place; with fewer, each
 * has until the signal is aborted.
 *
 * @param addresses IP addresses in the order of preference, at least one
 * @throws Error of the first address that tells of the receiver; the signal's reason
 */
export function connectFirst(addresses: readonly string[], options: RaceOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { port, timeoutMs, signal, open = openSocket } = options;
    const waiting = alternate(addresses);
    const partMs = timeoutMs * Math.min(1, maxOpen / waiting.length);
    const gapMs = Math.min(staggerMs, timeoutMs / (2 * waiting.length));
    const startedAt = new Map<Socket, number>();
    const errors: Error[] = [];
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;

    function end(winner?: Socket): void {
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      for (const socket of startedAt.keys()) if (socket !== winner) socket.destroy();
    }

    function onAbort(): void {
      end();
      reject(signal.reason);
    }

    function onConnect(socket: Socket): void {
      end(socket);
      resolve(socket);
    }

    function onError(socket: Socket, error: Error): void {
      if (isOver || !startedAt.delete(socket)) return; // it has lost, or its user hears of it
      errors.push(error);
      if (waiting.length > 0) startNext();
      else if (startedAt.size === 0) {
        end();
        reject(tellingError(errors));
      }
    }

    function startNext(): void {
      clearTimeout(timer);
      const socket = open(waiting.shift()!, port);
      startedAt.set(socket, monotonicMs());
      socket.on('error', (error) => onError(socket, error));
      socket.once('connect', () => onConnect(socket));
      if (waiting.length > 0) timer = setTimeout(onTimer, timeToNext());
    }

    function timeToNext(): number {
      if (startedAt.size < maxOpen) return gapMs;
      const [oldest = 0] = startedAt.values();
      return Math.max(oldest + partMs - monotonicMs(), gapMs);
    }

    function onTimer(): void {
      if (startedAt.size >= maxOpen) {
        const [oldest] = startedAt.keys();
        startedAt.delete(oldest!);
        oldest!.destroy();
        errors.push(Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }));
      }
      startNext();
    }

    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    startNext();
  });
}

function openSocket(host: string, port: number): Socket {
  const options = { host, port, highWaterMark: readBytes, noDelay: true };
  return createConnection({ ...options, keepAlive: true, keepAliveInitialDelay: keepAliveProbeMs });
}

/** The two families alternate, beginning with that of the first address (RFC 8305, section 4). */
function alternate(addresses: readonly string[]): string[] {
  if (addresses.length === 1) return [...addresses];
  const isV6 = (address: string) => address.includes(':'); // Node's `isIPv6` compiles a large expression first
  const isFirstFamily = (address: string) => isV6(address) === isV6(addresses[0]!);
  const preferred = addresses.filter(isFirstFamily);
  const others = addresses.filter((address) => !isFirstFamily(address));
  const length = Math.max(preferred.length, others.length);
  const pairs = Array.from({ length }, (_, at) => [preferred[at], others[at]]);
  return pairs.flat().filter((address) => address !== undefined);
}

function tellingError(errors: readonly Error[]): Error {
  return errors.find((error) => !noWay.has(errnoOf(error) ?? '')) ?? errors[0]!;
}
