import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRequestBuilder } from '../../src/delivery/http-request.js';
import { createSecretReader, type SecretReader } from '../../src/delivery/secrets.js';
import { type AttemptParts, attemptAt } from './attempts.js';

function build(parts: AttemptParts, env: NodeJS.ProcessEnv = {}) {
  const buildRequest = createRequestBuilder({ userAgent: 'x', secrets: createSecretReader({ env }) });
  return buildRequest(attemptAt('https://host.example/in', parts));
}

const refused = (code: string, message: string) => ({ ok: false, error: { kind: 'error', code, message } });

describe('createRequestBuilder()', () => {
  test.each([
    ['ftp://s3cret.example/', 'the URL does not begin with https:// or http://'],
    ['s3cret', 'the URL does not begin with https:// or http://'],
    ['https://s3cret.example/\n', 'the URL contains white space or a control character'],
    ['https://', 'the URL has no host'],
    ['https://s3cret:99999/', 'the URL is not valid'],
  ])('createRequestBuilder() refuses the URL %j from a reference, and does not show it', (URL, why) => {
    const message = `environment variable URL cannot be used: ${why}`;
    expect(build({ endpoint: { url: { env: 'URL' } } }, { URL })).toEqual(refused('BAD_URL', message));
  });

  test('createRequestBuilder() names a reference that leads nowhere', () => {
    const secret = { env: 'AUDIT_SECRET' };
    const error = refused('BAD_SECRET', 'environment variable AUDIT_SECRET is not set');
    expect(build({ endpoint: { url: secret } })).toEqual(error);
    expect(build({ endpoint: { sign: [secret] } })).toEqual(error);
    expect(build({ endpoint: { headers: { 'x-token': secret } } })).toEqual(error);
  });

  test.each(['s3cret\r\nx-forged: 1', 's3cret\n', 's3cret\0', 's3cret\u2026'])(
    'createRequestBuilder() refuses the header value %j from a reference, and does not show it',
    (TOKEN) => {
      const message =
        'the header x-token cannot be sent: environment variable TOKEN has a line break or another character that a header cannot hold';
      const built = build({ endpoint: { headers: { 'x-token': { env: 'TOKEN' } } } }, { TOKEN });
      expect(built).toEqual(refused('BAD_SECRET', message));
    },
  );

  test('createRequestBuilder() refuses what is no signing secret, and does not show it', () => {
    const built = build({ endpoint: { sign: [{ env: 'S' }] } }, { S: 'hunter2' });
    const why = 'it begins neither with whsec_ (HMAC) nor with whsk_ (ed25519)';
    expect(built).toEqual(refused('BAD_SECRET', `environment variable S cannot be signed with: ${why}`));
  });

  test('createRequestBuilder() does not copy the payload', () => {
    const payload = Buffer.from('xx{"a":1}xx').subarray(2, 9);
    const built = build({ event: { payload } });
    expect(built.ok && [built.request.body.buffer === payload.buffer, built.request.body.toString()]).toEqual(
      [true, '{"a":1}'],
    );
  });

  test('createRequestBuilder() makes a key once, and anew when its secret was exchanged', () => {
    const secretOf = (n: number) => `whsec_${Buffer.alloc(32, n).toString('base64')}`;
    let text = secretOf(1);
    const secrets: SecretReader = {
      read: (secret) => ({ ok: true, text: 'value' in secret ? secret.value : text }),
    };
    const buildRequest = createRequestBuilder({ userAgent: 'x', secrets });
    const attempt = attemptAt('https://host.example/in', { endpoint: { sign: [{ env: 'S' }] } });
    const signature = () => {
      const built = buildRequest(attempt);
      return built.ok
        ? built.request.headers[built.request.headers.indexOf('webhook-signature') + 1]
        : undefined;
    };
    const before = signature();
    expect(signature()).toBe(before);
    text = secretOf(2);
    expect(signature()).not.toBe(before);
  });

  test('createRequestBuilder() does not hide a bug in its secret reader', () => {
    const secrets: SecretReader = {
      read: () => {
        throw new TypeError('a bug');
      },
    };
    expect(() => createRequestBuilder({ userAgent: 'x', secrets })(attemptAt('https://h/'))).toThrow('a bug');
  });

  test('createRequestBuilder() never makes a header with a line break in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (a, b) => {
        const built = build({ endpoint: { headers: { 'x-a': { value: a }, 'x-b': { value: `${b}\r\n` } } } });
        expect(built.ok).toBe(false);
      }),
    );
  });
});
