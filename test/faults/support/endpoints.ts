/** Several endpoints behind one port, each with a path of its own, that know what they have received and from whom. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { until } from '../../support/world.js';

/** A request as far as an answer may depend on it. */
export interface Arrival {
  endpoint: string;
  /** The event's id. */
  id: string;
  /** Which request for this event to this endpoint it is, from 1. */
  nth: number;
  /** The header `x-sender`. */
  sender: string;
}

/** When a sender had requests open, as seen from here: ms, monotonic. */
export interface Span {
  from: number;
  to: number;
}

export interface Endpoints {
  /** Registers them for every hook: a hooks file. */
  readonly hooks: string;
  /** Bodies that were answered with 2xx, of each endpoint by event id. */
  readonly received: Readonly<Record<string, ReadonlyMap<string, readonly string[]>>>;
  /** From the first request to the last answer of each sender. */
  readonly spans: ReadonlyMap<string, Span>;
  /** Requests that were complete, whatever the answer. */
  requests(): number;
  /** Resolves when no connection is left, and no answer is pending: what a killed sender had sent has been heard then. */
  quiet(): Promise<void>;
  close(): void;
}

export interface EndpointsOptions {
  names: readonly string[];
  /** The status; 204 by default. It may take its time. */
  answer?: (arrival: Arrival) => number | Promise<number>;
  /** Whether the header `x-sender` tells the environment's `SENDER`. */
  tellsSender?: boolean;
  /** What stands in `defaults` of the hooks file; three retries within 15 ms by default. */
  defaults?: string;
}

/** Starts them; they are closed at the end of the test, if not sooner. */
export async function startEndpoints({
  names,
  answer = () => 204,
  tellsSender = false,
  defaults = 'retry: {schedule: [5ms, 5ms, 5ms], jitter: 0}',
}: EndpointsOptions): Promise<Endpoints> {
  const received = Object.fromEntries(names.map((name) => [name, new Map<string, string[]>()]));
  const spans = new Map<string, Span>();
  const asked = new Map<string, number>();
  let requests = 0;
  let open = 0;
  let pending = 0;

  function see(sender: string): void {
    const now = performance.now();
    spans.set(sender, { from: spans.get(sender)?.from ?? now, to: now });
  }

  async function receive(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const endpoint = incoming.url?.slice(1) ?? '';
    const id = String(incoming.headers['webhook-id']);
    const sender = String(incoming.headers['x-sender'] ?? '');
    see(sender);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return; // the sender was killed in the middle of its request
    }
    requests += 1;
    const nth = (asked.get(`${endpoint} ${id}`) ?? 0) + 1;
    asked.set(`${endpoint} ${id}`, nth);
    const status = await answer({ endpoint, id, nth, sender });
    const bodies = received[endpoint];
    if (status < 300) bodies?.set(id, [...(bodies.get(id) ?? []), Buffer.concat(chunks).toString()]);
    see(sender);
    outgoing.writeHead(status).end();
  }

  /** A connection that the kernel has accepted for us may not be known here yet. */
  async function isQuiet(): Promise<boolean> {
    if (open + pending > 0) return false;
    await sleep(25);
    return open + pending === 0;
  }

  const server = createServer((incoming, outgoing) => {
    pending += 1;
    void receive(incoming, outgoing).finally(() => {
      pending -= 1;
    });
  });
  server.on('connection', (socket) => {
    open += 1;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  const headers = tellsSender ? ', headers: {X-Sender: {env: SENDER}}' : '';
  return {
    hooks: `
hooks: {"**": [${names.join(', ')}]}
endpoints:
${names.map((name) => `  ${name}: {url: "http://127.0.0.1:${port}/${name}"${headers}}\n`).join('')}
defaults: {${defaults}}
`,
    received,
    spans,
    requests: () => requests,
    quiet: () => until('all connections are closed, and all requests answered', isQuiet),
    close,
  };
}
