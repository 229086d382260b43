/** An attempt as the HTTP request it becomes. Looks up secrets, and does nothing else. */
import type { Secret } from '../endpoint/endpoint.js';
import { parseWebhookUrl } from '../event/webhook-url.js';
import { isHeaderValue } from '../shared/header-value.js';
import type { AttemptError } from './error-words.js';
import { nameOfSecret, type SecretReader } from './secrets.js';
import type { Attempt } from './sender.js';
import { createSignature, parseSigningKey, type SigningKey } from './sign.js';

/** A POST, ready to be written. */
export interface HttpRequest {
  /** `https://host:port` */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** A request, or why there can be none. */
export type BuiltRequest = { ok: true; request: HttpRequest } | { ok: false; error: AttemptError };

/** Says no from anywhere within {@link createRequestBuilder}; never leaves it. */
class Unusable extends Error {
  readonly code: 'BAD_SECRET' | 'BAD_URL';
  constructor(code: 'BAD_SECRET' | 'BAD_URL', message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Makes a function that turns an attempt into its request. What cannot be used
 * comes back as an error with the code `BAD_SECRET` (a secret that is not
 * there, is no signing key, or cannot stand in a header) or `BAD_URL` (not a
 * whole URL of http or https).
 *
 * An endpoint's own `user-agent` and `authorization` go before capnhook's and
 * before the credentials in its URL; everything else that capnhook sets goes
 * before the endpoint's headers.
 *
 * @param options.userAgent `capnhook/<version>`
 */
export function createRequestBuilder({
  userAgent,
  secrets,
}: {
  userAgent: string;
  secrets: SecretReader;
}): (attempt: Attempt) => BuiltRequest {
  const keys = new WeakMap<Secret, { text: string; key: SigningKey }>();

  function read(secret: Secret): string {
    const found = secrets.read(secret);
    if (!found.ok) throw new Unusable('BAD_SECRET', found.reason);
    return found.text;
  }

  function readUrl(secret: Secret): URL {
    const parsed = parseWebhookUrl(read(secret));
    if (parsed.ok) return new URL(parsed.url);
    throw new Unusable('BAD_URL', `${nameOfSecret(secret)} cannot be used: ${parsed.reason}`);
  }

  function readHeader([name, secret]: [string, Secret]): [string, string] {
    const value = read(secret);
    if (isHeaderValue(value)) return [name.toLowerCase(), value];
    const why = `${nameOfSecret(secret)} has a line break or another character that a header cannot hold`;
    throw new Unusable('BAD_SECRET', `the header ${name} cannot be sent: ${why}`);
  }

  /** The key objects are made once; a secret that was exchanged under the same reference makes a new one. */
  function readKey(secret: Secret): SigningKey {
    const text = read(secret);
    const known = keys.get(secret);
    if (known?.text === text) return known.key;
    const parsed = parseSigningKey(text);
    if (!parsed.ok) {
      throw new Unusable('BAD_SECRET', `${nameOfSecret(secret)} cannot be signed with: ${parsed.reason}`);
    }
    keys.set(secret, { text, key: parsed.key });
    return parsed.key;
  }

  function build({ event, endpoint, attempt, timestamp }: Attempt): HttpRequest {
    const { origin, pathname, search, username, password } = readUrl(endpoint.url);
    const { buffer, byteOffset, byteLength } = event.payload;
    const body = Buffer.from(buffer, byteOffset, byteLength);
    const headers = new Map([['user-agent', userAgent]]);
    if (username !== '' || password !== '') headers.set('authorization', basicAuth(username, password));
    for (const entry of Object.entries(endpoint.headers)) headers.set(...readHeader(entry));
    headers.set('content-type', 'application/json');
    headers.set('webhook-id', event.id);
    headers.set('webhook-timestamp', `${timestamp}`);
    headers.set('capnhook-attempt', `${attempt}`);
    if (event.hook !== undefined) headers.set('capnhook-hook', event.hook);
    if (endpoint.sign.length > 0) {
      const signed = { id: event.id, timestamp, body };
      headers.set('webhook-signature', createSignature(endpoint.sign.map(readKey), signed));
    }
    return { origin, path: pathname + search, headers: [...headers].flat(), body };
  }

  return (attempt) => {
    try {
      return { ok: true, request: build(attempt) };
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      return { ok: false, error: { kind: 'error', code: error.code, message: error.message } };
    }
  };
}

/** RFC 7617. The URL's parts are percent-encoded bytes. */
function basicAuth(username: string, password: string): string {
  const decode = (text: string) =>
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`, 'latin1').toString('base64')}`;
}
