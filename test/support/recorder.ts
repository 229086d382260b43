/** A receiver under load: takes its time, fails by turns, and knows what it has answered, for tests that kill the sender. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from './world.js';

export interface Recorder {
  /** `http://127.0.0.1:port/` */
  readonly url: string;
  /** Bodies that were answered with 204, by event id, each as often as that happened. */
  readonly delivered: ReadonlyMap<string, readonly string[]>;
  /** Requests that were complete, whatever the answer. */
  requests(): number;
  /** Resolves when no connection is left, and no answer is being waited for: what a killed sender had sent is known then. */
  quiet(): Promise<void>;
}

export interface RecorderOptions {
  /** How long request number `n` (from 1) waits for its answer, in ms. */
  latencyMs?(n: number): number;
  /** Whether request number `n` (from 1) is answered with 500. */
  fails?(n: number): boolean;
}

/** Starts a recorder, which is closed at the end of the test. */
export async function startRecorder({
  latencyMs = () => 0,
  fails = () => false,
}: RecorderOptions = {}): Promise<Recorder> {
  const delivered = new Map<string, string[]>();
  let requests = 0;
  let open = 0;
  let waiting = 0;

  const server: Server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return; // the sender was killed in the middle of its request
    }
    requests += 1;
    const status = fails(requests) ? 500 : 204;
    const waitMs = latencyMs(requests);
    waiting += 1;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    waiting -= 1;
    if (status === 204) {
      const id = String(incoming.headers['webhook-id']);
      delivered.set(id, [...(delivered.get(id) ?? []), Buffer.concat(chunks).toString()]);
    }
    outgoing.writeHead(status).end();
  });
  server.on('connection', (socket) => {
    open += 1;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    delivered,
    requests: () => requests,
    quiet: () => until('all connections are closed', () => open === 0 && waiting === 0),
  };
}
