/** An attempt as the HTTP request it becomes. Looks up secrets, and does nothing else. */
import type { Endpoint, Secret } from '../../endpoint/endpoint.js';
import { parseWebhookUrl } from '../../event/webhook-url.js';
import { isHeaderValue } from '../../shared/header-value.js';
import { createMask, type KnownSecrets, type Mask } from '../answer/mask.js';
import type { Attempt, AttemptError } from '../sender.js';
import { nameOfSecret, type SecretReader } from './secrets.js';
import { createSignature, parseSigningKey, type SigningKey } from './sign.js';

/** A POST, ready to be written. */
export interface HttpRequest {
  /** `https://host:port` */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values by turns. */
  readonly headers: string[];
  readonly body: Buffer;
  /** Takes the endpoint's secrets out of a text. */
  readonly mask: Mask;
}

/** What all requests to an endpoint have in common, as long as its secrets are the same. */
interface Template {
  /** The texts of the endpoint's secrets, URL, headers, keys. */
  readonly texts: readonly string[];
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** The endpoint's own, for events without a hook. */
  readonly hook: string | undefined;
  readonly keys: readonly SigningKey[];
  readonly mask: Mask;
}

/** A request, or why there can be none. */
export type BuiltRequest = { ok: true; request: HttpRequest } | { ok: false; error: AttemptError };

/** Set with each attempt, whatever the endpoint's own are. */
const ownHeaders = ['webhook-id', 'webhook-timestamp', 'capnhook-attempt', 'capnhook-hook'] as const;

/** Says no from anywhere within {@link createRequestBuilder}; never leaves it. */
class Unusable extends Error {
  readonly code: 'BAD_SECRET' | 'BAD_URL';
  readonly secret: Secret;
  constructor(code: 'BAD_SECRET' | 'BAD_URL', secret: Secret, message: string) {
    super(message);
    this.code = code;
    this.secret = secret;
  }
}

/**
 * Makes a function that turns an attempt into its request. What cannot be used
 * comes back as an error with the code `BAD_SECRET` (a secret that is not
 * there, is no signing key, or cannot stand in a header) or `BAD_URL` (not a
 * whole URL of http or https), with what to do about it; it is looked up again
 * at the next attempt.
 *
 * An endpoint's own `user-agent`, `accept`, `host` and `authorization` go before
 * capnhook's and before the credentials in its URL; everything else that
 * capnhook sets goes before the endpoint's headers. A `host` of its own does not
 * change whom the certificate must be for: that is the URL's host.
 *
 * What does not change from one attempt to the next is worked out once for an
 * endpoint, and anew when one of its secrets was exchanged.
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
  const templates = new WeakMap<Endpoint, Template>();

  function read(secret: Secret): string {
    const found = secrets.read(secret);
    if (!found.ok) throw new Unusable('BAD_SECRET', secret, found.reason);
    return found.text;
  }

  /** Where the same references lead to the same texts, the template is the one it was. */
  function templateOf(endpoint: Endpoint): Template {
    const known = templates.get(endpoint);
    if (known !== undefined && isStillRight(endpoint, known)) return known;
    const template = makeTemplate(endpoint);
    templates.set(endpoint, template);
    return template;
  }

  function isStillRight({ url, headers, sign }: Endpoint, { texts }: Template): boolean {
    let at = 0;
    if (read(url) !== texts[at++]) return false;
    for (const name in headers) if (read(headers[name]!) !== texts[at++]) return false;
    for (const secret of sign) if (read(secret) !== texts[at++]) return false;
    return true;
  }

  function makeTemplate(endpoint: Endpoint): Template {
    const texts: string[] = [];
    const noted = (secret: Secret): string => {
      const text = read(secret);
      texts.push(text);
      return text;
    };
    const url = parseUrl(endpoint.url, noted(endpoint.url));
    const { origin, pathname, search, username, password } = url;
    const headers = new Map([
      ['user-agent', userAgent],
      ['accept', '*/*'],
    ]);
    if (username !== '' || password !== '') headers.set('authorization', basicAuth(username, password));
    for (const [name, secret] of Object.entries(endpoint.headers)) {
      headers.set(name.toLowerCase(), headerValue(name, secret, noted(secret)));
    }
    headers.set('content-type', 'application/json');
    const hook = headers.get('capnhook-hook');
    for (const name of ownHeaders) headers.delete(name);
    if (endpoint.sign.length > 0) headers.delete('webhook-signature');
    const keys = endpoint.sign.map((secret) => signingKey(secret, noted(secret)));
    const mask = createMask(() => knownSecrets(endpoint, texts));
    const path = pathname + search;
    return { texts, origin, path, headers: [...headers].flat(), hook, keys, mask };
  }

  function build({ event, endpoint, attempt, timestamp }: Attempt): HttpRequest {
    const template = templateOf(endpoint);
    const { id, payload, hook = template.hook } = event;
    const body = Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const headers = template.headers.slice();
    headers.push('webhook-id', id, 'webhook-timestamp', `${timestamp}`, 'capnhook-attempt', `${attempt}`);
    if (hook !== undefined) headers.push('capnhook-hook', hook);
    if (template.keys.length > 0) {
      headers.push('webhook-signature', createSignature(template.keys, { id, timestamp, body }));
    }
    const { origin, path, mask } = template;
    return { origin, path, headers, body, mask };
  }

  return (attempt) => {
    try {
      return { ok: true, request: build(attempt) };
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      const { code, secret, message } = error;
      secrets.forget(secret);
      // Who gave it can change a file, or the hooks file; nobody can change the environment of a process that runs.
      const isLasting = 'env' in secret;
      return { ok: false, error: { kind: 'error', code, message, hint: hintOf(secret), isLasting } };
    }
  };
}

function hintOf(secret: Secret): string {
  if ('env' in secret)
    return `Set ${secret.env} where the drain is started (in the crontab, or with Environment= of the unit).`;
  if ('file' in secret) return `Put it into ${secret.file}, where the drain may read it.`;
  if ('credential' in secret) return `Give ${secret.credential} with LoadCredential= of the unit.`;
  return 'Correct it in the hooks file.';
}

function parseUrl(secret: Secret, text: string): URL {
  const parsed = parseWebhookUrl(text);
  if (parsed.ok) return new URL(parsed.url);
  throw new Unusable('BAD_URL', secret, `${nameOfSecret(secret)} cannot be used: ${parsed.reason}`);
}

function headerValue(name: string, secret: Secret, value: string): string {
  if (isHeaderValue(value)) return value;
  const why = `${nameOfSecret(secret)} has a line break or another character that a header cannot hold`;
  throw new Unusable('BAD_SECRET', secret, `the header ${name} cannot be sent: ${why}`);
}

function signingKey(secret: Secret, text: string): SigningKey {
  const parsed = parseSigningKey(text);
  if (parsed.ok) return parsed.key;
  throw new Unusable('BAD_SECRET', secret, `${nameOfSecret(secret)} cannot be signed with: ${parsed.reason}`);
}

/** @param texts of the endpoint's URL, headers and keys, in this order */
function knownSecrets({ headers, sign }: Endpoint, [url = '', ...texts]: readonly string[]): KnownSecrets {
  const values = Object.values(headers).map((secret, at) => ({
    text: texts[at] ?? '',
    isReference: !('value' in secret),
  }));
  return { url, values, keys: sign.map((_, at) => texts[values.length + at] ?? '') };
}

/** RFC 7617. The URL's parts are percent-encoded bytes. */
function basicAuth(username: string, password: string): string {
  const decode = (text: string) =>
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`, 'latin1').toString('base64')}`;
}
