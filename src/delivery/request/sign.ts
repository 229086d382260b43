/**
 * Signatures by Standard Webhooks: HMAC-SHA256 (`v1`) and ed25519 (`v1a`) over
 * `{id}.{timestamp}.{body}`, where the body is bytes and never turned to text.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign,
} from 'node:crypto';

/** A key that is ready to sign. */
export interface SigningKey {
  /** The scheme, as it is written before each signature. */
  readonly scheme: 'v1' | 'v1a';
  readonly key: KeyObject;
}

/** A key, or why the text is not one: a clause that contains nothing of the text. */
export type ParsedSigningKey = { ok: true; key: SigningKey } | { ok: false; reason: string };

/** What is signed. */
export interface Signable {
  /** `webhook-id`. */
  id: string;
  /** `webhook-timestamp`, unix seconds. */
  timestamp: number;
  body: Uint8Array;
}

/** An ed25519 private key in PKCS #8 (RFC 8410, section 7) is these bytes and its seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

/**
 * Reads a secret to sign with: `whsec_` and the base64 of 24 to 64 bytes
 * (HMAC-SHA256), or `whsk_` and the base64 of an ed25519 key, 64 bytes (seed
 * and public key) or 32 (the seed alone).
 *
 * @example
 * parseSigningKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'); // { ok: true, key: { scheme: 'v1', … } }
 */
export function parseSigningKey(secret: string): ParsedSigningKey {
  if (secret === '') return refuse('it is empty');
  if (secret.startsWith('whpk_')) {
    return refuse('it is a public key (whpk_), made for the receiver; signing takes the private one (whsk_)');
  }
  const [, prefix, text] = /^(whsec_|whsk_)(.*)$/s.exec(secret) ?? [];
  if (prefix === undefined || text === undefined) {
    return refuse('it begins neither with whsec_ (HMAC) nor with whsk_ (ed25519)');
  }
  const bytes = decodeBase64(text);
  if (bytes === undefined) return refuse(`what follows ${prefix} is not base64`);
  return prefix === 'whsec_' ? hmacKey(bytes) : ed25519Key(bytes);
}

/**
 * The value of `webhook-signature`: one signature for each key, in the keys'
 * order, separated by a space.
 */
export function createSignature(keys: readonly SigningKey[], { id, timestamp, body }: Signable): string {
  const before = `${id}.${timestamp}.`;
  return keys.map((key) => signatureOf(key, before, body)).join(' ');
}

function signatureOf({ scheme, key }: SigningKey, before: string, body: Uint8Array): string {
  if (scheme === 'v1') return `v1,${createHmac('sha256', key).update(before).update(body).digest('base64')}`;
  // ed25519 reads its message twice: it cannot be fed piece by piece.
  const signature = sign(null, Buffer.concat([Buffer.from(before), body]), key);
  return `v1a,${signature.toString('base64')}`;
}

function hmacKey(bytes: Buffer): ParsedSigningKey {
  if (bytes.length < 24 || bytes.length > 64) {
    return refuse(`a whsec_ secret holds 24 to 64 bytes, and this one ${bytes.length}`);
  }
  return { ok: true, key: { scheme: 'v1', key: createSecretKey(bytes) } };
}

function ed25519Key(bytes: Buffer): ParsedSigningKey {
  if (bytes.length !== SEED_BYTES && bytes.length !== 2 * SEED_BYTES) {
    return refuse(
      `a whsk_ key holds 64 bytes (seed and public key) or 32 (seed), and this one ${bytes.length}`,
    );
  }
  const der = Buffer.concat([PKCS8_PREFIX, bytes.subarray(0, SEED_BYTES)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const given = bytes.subarray(SEED_BYTES);
  if (given.length > 0 && !given.equals(publicBytes(key))) {
    return refuse('its public half (the last 32 bytes) does not belong to its private one');
  }
  return { ok: true, key: { scheme: 'v1a', key } };
}

function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-SEED_BYTES);
}

/** Node's decoder skips whatever is not base64; a secret with a typing error would still give a key. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const withoutPadding = (base64: string) => base64.replace(/={0,2}$/, '');
  return withoutPadding(bytes.toString('base64')) === withoutPadding(text) ? bytes : undefined;
}

function refuse(reason: string): ParsedSigningKey {
  return { ok: false, reason };
}
