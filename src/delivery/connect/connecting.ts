/** Connecting for one connection: it can be cut off, and says what it waits for. */
import type { Socket } from 'node:net';
import type { Connector, Target } from './connector.js';

/** Connects to an origin, as often as it has to be, until it is cut off. */
export interface Connecting {
  connect(): Promise<Socket>;
  /** What it waits for: `EAI_AGAIN`, `NAME_SERVICE` or `NO_CONNECTION`; undefined once it is connected. */
  lateCode(): string | undefined;
  cutOff(): void;
  /** Whether `connect` was called and has not resolved. */
  isUnderWay(): boolean;
}

export interface ConnectingOptions {
  origin: string;
  connector: Connector;
  /** The time of the attempt, in ms. */
  timeoutMs: number;
  /** The code of an attempt that waits for a name too long. */
  lateName(host: string): string;
}

/** Makes what connects to one origin; it begins with the first call. */
export function createConnecting({ origin, connector, timeoutMs, lateName }: ConnectingOptions): Connecting {
  const { protocol, hostname: host, port } = new URL(origin);
  const hostname = host.replace(/^\[|\]$/g, '');
  const cut = new AbortController();
  let stage: 'idle' | 'naming' | 'connecting' | 'connected' = 'idle';
  const target: Target = {
    protocol,
    hostname,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
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
      if (stage === 'naming') return lateName(hostname);
      return stage === 'connecting' ? 'NO_CONNECTION' : undefined;
    },
    isUnderWay: () => stage === 'naming' || stage === 'connecting',
    cutOff: () => cut.abort(destroyed),
  };
}

/** Why connecting ended that was cut off; nobody is told of it. */
const destroyed = new Error('the connection was destroyed');
