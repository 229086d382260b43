/** Connecting for one connection: it can be cut off, and says what it waits for. */
import type { Socket } from 'node:net';
import type { Connector, Target } from './connector.js';
import type { Destination } from './destination.js';

/** Connects to a destination, as often as it has to be, until it is cut off. */
export interface Connecting {
  connect(): Promise<Socket>;
  /** What it waits for: `EAI_AGAIN`, `NAME_SERVICE` or `NO_CONNECTION`; undefined once it is connected. */
  lateCode(): string | undefined;
  cutOff(): void;
  /** Whether `connect` was called and has not resolved. */
  isUnderWay(): boolean;
}

export interface ConnectingOptions {
  destination: Destination;
  connector: Connector;
  /** The time of the attempt, in ms. */
  timeoutMs: number;
  /** The code of an attempt that waits for a name too long. */
  lateName(host: string): string;
}

/** Makes what connects to one destination; it begins with the first call. */
export function createConnecting({
  destination,
  connector,
  timeoutMs,
  lateName,
}: ConnectingOptions): Connecting {
  const cut = new AbortController();
  let stage: 'idle' | 'naming' | 'connecting' | 'connected' = 'idle';
  const target: Target = {
    destination,
    timeoutMs,
    onAddresses() {
      stage = 'connecting';
    },
  };
  return {
    async connect() {
      stage = 'naming';
      const socket = await connector(target, cut.signal);
      stage = 'connected';
      return socket;
    },
    lateCode() {
      if (stage === 'naming') return lateName(destination.hostname);
      return stage === 'connecting' ? 'NO_CONNECTION' : undefined;
    },
    isUnderWay: () => stage === 'naming' || stage === 'connecting',
    cutOff: () => cut.abort(destroyed),
  };
}

/** Why connecting ended that was cut off. It is not reported. */
const destroyed = new Error('the connection was destroyed');
