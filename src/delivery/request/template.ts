/** What all requests to an endpoint have in common. It is worked out once, and again when one of its secrets has changed. */
import type { Endpoint, Secret } from '../../endpoint/endpoint.js';
import { parseWebhookUrl } from '../../event/webhook-url.js';
import { isHeaderValue } from '../../shared/header-value.js';
import { createMask, type KnownSecrets, type Mask } from '../answer/mask.js';
import { type Destination, destinationOf } from '../connect/destination.js';
import { nameOfSecret, type SecretReader } from './secrets.js';
import { parseSigningKey, type SigningKey } from './sign.js';

/** The constant part of an endpoint's requests. */
export interface Template {
  /** The texts of the endpoint's secrets: its URL, headers and keys, in this order. */
  readonly texts: readonly string[];
  readonly destination: Destination;
  readonly path: string;
  readonly headers: readonly string[];
  /** The endpoint's own header `capnhook-hook`, for events without a hook. */
  readonly hook: string | undefined;
  readonly keys: readonly SigningKey[];
  readonly mask: Mask;
}

/** Set for each attempt; headers of the endpoint with these names are not sent. */
const ownHeaders = ['webhook-id', 'webhook-timestamp', 'capnhook-attempt', 'capnhook-hook'] as const;

/** A secret, or an endpoint's URL, that cannot be used. The message does not contain it. */
export class UnusableSecret extends Error {
  readonly code: 'BAD_SECRET' | 'BAD_URL';
  readonly secret: Secret;
  constructor(code: 'BAD_SECRET' | 'BAD_URL', secret: Secret, message: string) {
    super(message);
    this.code = code;
    this.secret = secret;
  }
}

/**
 * Makes the function that gives an endpoint's template. The secrets are read
 * each time: where their texts are the same, so is the template.
 *
 * @throws {@link UnusableSecret} from the function that is made
 */
export function createTemplates({
  userAgent,
  secrets,
}: {
  userAgent: string;
  secrets: SecretReader;
}): (endpoint: Endpoint) => Template {
  const templates = new WeakMap<Endpoint, Template>();
  /** Those of an endpoint without headers of its own, which most share. */
  const plain: Headers = { sent: flatOf(commonHeaders(userAgent)), hook: undefined };

  function read(secret: Secret): string {
    if ('value' in secret) return secret.value;
    const found = secrets.read(secret);
    if (!found.ok) throw new UnusableSecret('BAD_SECRET', secret, found.reason);
    return found.text;
  }

  function isCurrent({ url, headers, sign }: Endpoint, { texts }: Template): boolean {
    let at = 0;
    if (read(url) !== texts[at++]) return false;
    for (const name in headers) if (read(headers[name]!) !== texts[at++]) return false;
    for (const secret of sign) if (read(secret) !== texts[at++]) return false;
    return true;
  }

  function makeTemplate(endpoint: Endpoint): Template {
    const texts: string[] = [];
    const readText = (secret: Secret): string => {
      const text = read(secret);
      texts.push(text);
      return text;
    };
    const url = parseUrl(endpoint.url, readText(endpoint.url));
    const { sent: headers, hook } = headersOf(endpoint, url, readText);
    const keys = endpoint.sign.map((secret) => signingKey(secret, readText(secret)));
    const mask = createMask(() => knownSecrets(endpoint, texts));
    const path = url.pathname + url.search;
    return { texts, destination: destinationOf(url), path, headers, hook, keys, mask };
  }

  function headersOf(
    { headers: own, sign }: Endpoint,
    url: URL,
    readText: (secret: Secret) => string,
  ): Headers {
    const { username, password } = url;
    const names = Object.keys(own);
    const hasCredentials = username !== '' || password !== '';
    if (names.length === 0 && !hasCredentials) return plain;
    const headers = commonHeaders(userAgent);
    if (hasCredentials) headers.set('authorization', basicAuth(username, password));
    for (const name of names)
      headers.set(name.toLowerCase(), headerValue(name, own[name]!, readText(own[name]!)));
    headers.set('content-type', contentType);
    const hook = headers.get('capnhook-hook');
    for (const name of ownHeaders) headers.delete(name);
    if (sign.length > 0) headers.delete('webhook-signature');
    return { sent: flatOf(headers), hook };
  }

  return (endpoint) => {
    const known = templates.get(endpoint);
    if (known !== undefined && isCurrent(endpoint, known)) return known;
    const template = makeTemplate(endpoint);
    templates.set(endpoint, template);
    return template;
  };
}

interface Headers {
  sent: readonly string[];
  /** The endpoint's own header `capnhook-hook`, which is not among them. */
  hook: string | undefined;
}

const contentType = 'application/json';

function commonHeaders(userAgent: string): Map<string, string> {
  return new Map([
    ['user-agent', userAgent],
    ['accept', '*/*'],
    ['content-type', contentType],
  ]);
}

function flatOf(headers: ReadonlyMap<string, string>): string[] {
  return [...headers].flat();
}

function parseUrl(secret: Secret, text: string): URL {
  const parsed = parseWebhookUrl(text);
  if (parsed.ok) return new URL(parsed.url);
  throw new UnusableSecret('BAD_URL', secret, `${nameOfSecret(secret)} cannot be used: ${parsed.reason}`);
}

function headerValue(name: string, secret: Secret, value: string): string {
  if (isHeaderValue(value)) return value;
  const why = `${nameOfSecret(secret)} has a line break or another character that a header cannot hold`;
  throw new UnusableSecret('BAD_SECRET', secret, `the header ${name} cannot be sent: ${why}`);
}

function signingKey(secret: Secret, text: string): SigningKey {
  const parsed = parseSigningKey(text);
  if (parsed.ok) return parsed.key;
  throw new UnusableSecret(
    'BAD_SECRET',
    secret,
    `${nameOfSecret(secret)} cannot be signed with: ${parsed.reason}`,
  );
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
