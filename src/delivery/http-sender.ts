/** Sends attempts over HTTP: prepares the request of each, and gives it to the transport. */
import { describeError } from './http/error-words.js';
import { createHttpTransport, type HttpTransportOptions, type Transport } from './http/http-transport.js';
import type { Preparation, Prepare } from './prepared.js';
import { createPrepare } from './request/prepare.js';
import type { SecretReader } from './request/secrets.js';
import type { Attempt, AttemptResult, Sender } from './sender.js';

export interface HttpSenderOptions extends HttpTransportOptions {
  userAgent: string;
  secrets: SecretReader;
}

/**
 * Makes a sender.
 *
 * @param options.userAgent `capnhook/<version>`; an endpoint's own header goes before it
 * @param options.secrets looks up URLs, header values and signing secrets
 */
export function createHttpSender({ userAgent, secrets, ...options }: HttpSenderOptions): Sender {
  return composeSender(createPrepare({ userAgent, secrets }), createHttpTransport(options));
}

/** Makes a sender of what prepares requests and what sends them. An error of either is the attempt's result. */
export function composeSender(prepare: Prepare, transport: Transport): Sender {
  function sendPrepared(preparation: Preparation, { signal }: Attempt): Promise<AttemptResult> {
    if (preparation.kind === 'error') return Promise.resolve(preparation);
    return transport.send(preparation, signal);
  }

  return {
    load: transport.load,
    send(attempt) {
      try {
        const preparation = prepare(attempt);
        if (!(preparation instanceof Promise)) return sendPrepared(preparation, attempt);
        return preparation.then((prepared) => sendPrepared(prepared, attempt)).catch(describeError);
      } catch (error) {
        return Promise.resolve(describeError(error)); // a bug: the event waits
      }
    },
    stopConnecting: transport.stopConnecting,
    close: transport.close,
  };
}
