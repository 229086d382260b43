import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { createHttpTransport, type Transport } from '../../src/delivery/http/http-transport.js';
import { createHttpSender } from '../../src/delivery/http-sender.js';
import { createSecretReader } from '../../src/delivery/request/secrets.js';
import type { Attempt, AttemptResult, Sender } from '../../src/delivery/sender.js';
import { type Endpoint, endpointDefaults } from '../../src/endpoint/endpoint.js';
import type { Event } from '../../src/event/event.js';
import {
  type AnswerRequest,
  type RawServer,
  type Receiver,
  type ReceiverOptions,
  startRawServer,
  startReceiver,
} from '../support/receiver.js';

export interface AttemptParts extends Omit<Partial<Attempt>, 'event' | 'endpoint'> {
  event?: Partial<Event>;
  endpoint?: Partial<Endpoint>;
}

/** The first attempt of an event of the hook `complete` at an endpoint. */
export function attemptAt(url: string, { event, endpoint, ...rest }: AttemptParts = {}): Attempt {
  const payload = Buffer.from('{"id":1234}');
  return {
    event: { id: 'evt_1', hook: 'complete', time: '2026-11-23T12:00:00.000Z', payload, ...event },
    endpoint: { id: 'e1', url: { value: url }, ...endpointDefaults, timeoutMs: 5_000, ...endpoint },
    attempt: 1,
    timestamp: 1_795_435_200,
    ...rest,
  };
}

/** A sender that is closed after the test; `env` has its secrets, and says whom it trusts. */
export function newSender(env: NodeJS.ProcessEnv = {}): Sender {
  const sender = createHttpSender({ userAgent: 'capnhook/1.2.3', secrets: createSecretReader({ env }), env });
  onTestFinished(() => sender.close());
  return sender;
}

/** A transport that is closed after the test; `env` says whom it trusts. */
export function newTransport(env: NodeJS.ProcessEnv = {}): Transport {
  const transport = createHttpTransport({ env });
  onTestFinished(() => transport.close());
  return transport;
}

/** One attempt with a sender of its own. */
export function sendTo(url: string, parts: AttemptParts = {}): Promise<AttemptResult> {
  return newSender().send(attemptAt(url, parts));
}

/** A receiver that is closed after the test. */
export async function newReceiver(answer?: AnswerRequest, options?: ReceiverOptions): Promise<Receiver> {
  const receiver = await startReceiver(answer, options);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** A TCP server that is closed after the test. */
export async function newRawServer(onSocket: Parameters<typeof startRawServer>[0]): Promise<RawServer> {
  const server = await startRawServer(onSocket);
  onTestFinished(() => server.close());
  return server;
}

/** Fails the tests of a file during which Node warned, or an error or a rejection was not handled. */
export function failOnUnhandledErrors(): void {
  const events = ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'];
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  beforeAll(() => {
    for (const event of events) process.on(event, note);
  });
  afterAll(() => {
    for (const event of events) process.off(event, note);
    expect(unhandled).toEqual([]);
  });
}
