import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { createSignature, parseSigningKey, type SigningKey } from '../../../src/delivery/request/sign.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function keyOf(secret: string): SigningKey {
  const parsed = parseSigningKey(secret);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.key;
}

function newEd25519(): { seed: Buffer; publicBytes: Buffer; publicKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { d, x } = privateKey.export({ format: 'jwk' });
  return { seed: Buffer.from(d!, 'base64url'), publicBytes: Buffer.from(x!, 'base64url'), publicKey };
}

describe('createSignature()', () => {
  test('createSignature() gives the signature that Standard Webhooks publishes as an example', () => {
    const body = Buffer.from('{"test": 2432232314}');
    const signable = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body };
    expect(createSignature([keyOf(SECRET)], signable)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  test('createSignature() signs any JSON with any HMAC secret so that the package standardwebhooks accepts it', () => {
    const timestamp = Math.floor(Date.now() / 1000);
    const secrets = fc.uint8Array({ minLength: 24, maxLength: 64 });
    fc.assert(
      fc.property(secrets, fc.json(), fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), (bytes, json, id) => {
        const secret = `whsec_${Buffer.from(bytes).toString('base64')}`;
        const signature = createSignature([keyOf(secret)], { id, timestamp, body: Buffer.from(json) });
        const headers = {
          'webhook-id': id,
          'webhook-timestamp': `${timestamp}`,
          'webhook-signature': signature,
        };
        expect(() => new Webhook(secret).verify(json, headers)).not.toThrow();
      }),
    );
  });

  test('createSignature() signs any bytes with an ed25519 key so that its public key verifies them', () => {
    const { seed, publicBytes, publicKey } = newEd25519();
    const key = keyOf(`whsk_${Buffer.concat([seed, publicBytes]).toString('base64')}`);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        const signature = createSignature([key], { id: 'evt_1', timestamp: 7, body });
        const [scheme, base64] = signature.split(',');
        const message = Buffer.concat([Buffer.from('evt_1.7.'), body]);
        expect(scheme).toBe('v1a');
        expect(verify(null, message, publicKey, Buffer.from(base64!, 'base64'))).toBe(true);
      }),
    );
  });

  test('createSignature() signs the bytes, and not what they would be as text', () => {
    const sign = (body: Uint8Array) => createSignature([keyOf(SECRET)], { id: 'a', timestamp: 1, body });
    expect(sign(Uint8Array.of(0xff))).not.toBe(sign(Uint8Array.of(0xfe)));
    expect(sign(Uint8Array.of(0xff))).not.toBe(sign(Buffer.from('\ufffd')));
  });

  test('createSignature() separates the signatures of several keys by a space, in their order', () => {
    const { seed } = newEd25519();
    const keys = [keyOf(SECRET), keyOf(`whsk_${seed.toString('base64')}`)];
    const signable = { id: 'a', timestamp: 1, body: Buffer.from('{}') };
    expect(createSignature(keys, signable)).toBe(
      keys.map((key) => createSignature([key], signable)).join(' '),
    );
  });
});

describe('parseSigningKey()', () => {
  test('parseSigningKey() takes a seed alone for the same key as seed and public key', () => {
    const { seed, publicBytes } = newEd25519();
    const alone = keyOf(`whsk_${seed.toString('base64')}`);
    const both = keyOf(`whsk_${Buffer.concat([seed, publicBytes]).toString('base64')}`);
    expect(alone.key.equals(both.key)).toBe(true);
  });

  test('parseSigningKey() takes base64 without its padding', () => {
    const padded = `whsec_${Buffer.alloc(25, 7).toString('base64')}`;
    expect(padded).toMatch(/==$/);
    expect(keyOf(padded.replace(/=+$/, '')).key.equals(keyOf(padded).key)).toBe(true);
  });

  const otherPublicKey = Buffer.concat([newEd25519().seed, newEd25519().publicBytes]);
  test.each([
    ['nothing', '', 'it is empty'],
    ['a secret without a prefix', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'begins neither with whsec_'],
    ['a prefix in capitals', SECRET.toUpperCase(), 'begins neither with whsec_'],
    ['a public key', `whpk_${Buffer.alloc(32, 1).toString('base64')}`, 'it is a public key'],
    ['a space at the end', `${SECRET} `, 'not base64'],
    ['a line break at the end', `${SECRET}\n`, 'not base64'],
    ['base64url', `whsec_${'-_'.repeat(16)}`, 'not base64'],
    ['base64 with bits left over', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB', 'not base64'],
    [
      'an HMAC secret of 23 bytes',
      `whsec_${Buffer.alloc(23).toString('base64')}`,
      '24 to 64 bytes, and this one 23',
    ],
    [
      'an HMAC secret of 65 bytes',
      `whsec_${Buffer.alloc(65).toString('base64')}`,
      '24 to 64 bytes, and this one 65',
    ],
    ['no HMAC secret at all', 'whsec_', 'and this one 0'],
    [
      'an ed25519 key of 33 bytes',
      `whsk_${Buffer.alloc(33).toString('base64')}`,
      '64 bytes (seed and public key) or 32',
    ],
    ['a public key of another', `whsk_${otherPublicKey.toString('base64')}`, 'does not belong'],
  ])('parseSigningKey() refuses %s with a reason, and does not quote it', (_, secret, reason) => {
    const parsed = parseSigningKey(secret);
    expect(parsed).toEqual({ ok: false, reason: expect.stringContaining(reason) });
    const material = secret.replace(/^wh[a-z]+_/, '').trim();
    if (material !== '') expect(JSON.stringify(parsed)).not.toContain(material);
  });
});
