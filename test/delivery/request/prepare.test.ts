import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Preparation, Prepared } from '../../../src/delivery/prepared.js';
import { createPrepare } from '../../../src/delivery/request/prepare.js';
import { createSecretReader, type SecretReader } from '../../../src/delivery/request/secrets.js';
import { anyCharacter } from '../../support/any-character.js';
import { type AttemptParts, attemptAt } from '../attempts.js';

function prepared(parts: AttemptParts, env: NodeJS.ProcessEnv = {}): Preparation {
  const prepare = createPrepare({ userAgent: 'x', secrets: createSecretReader({ env }) });
  return prepare(attemptAt('https://host.example/in', parts));
}

/** A preparation that must have succeeded. */
function requestOf(preparation: Preparation): Prepared {
  if (preparation.kind === 'error') throw new Error(preparation.message);
  return preparation;
}

/** The value of a header that a request has once. */
function headerOf({ headers }: Prepared, name: string): string | undefined {
  return headers[headers.indexOf(name) + 1];
}

/** For what an environment variable should have held. */
const refused = (code: string, message: string) => ({
  kind: 'error',
  code,
  message,
  hint: expect.stringMatching(/^Set [A-Z_]+ where/),
  isLasting: true,
});

describe('createPrepare()', () => {
  test.each([
    ['ftp://s3cret.example/', 'the URL does not begin with https:// or http://'],
    ['s3cret', 'the URL does not begin with https:// or http://'],
    ['https://s3cret.example/\n', 'the URL contains white space or a control character'],
    ['https://', 'the URL has no host'],
    ['https://s3cret:99999/', 'the URL is not valid'],
  ])('createPrepare() refuses the URL %j from a reference, and does not show it', (URL, why) => {
    const message = `environment variable URL cannot be used: ${why}`;
    expect(prepared({ endpoint: { url: { env: 'URL' } } }, { URL })).toEqual(refused('BAD_URL', message));
  });

  test('createPrepare() names a reference that leads nowhere', () => {
    const secret = { env: 'AUDIT_SECRET' };
    const error = refused('BAD_SECRET', 'environment variable AUDIT_SECRET is not set');
    expect(prepared({ endpoint: { url: secret } })).toEqual(error);
    expect(prepared({ endpoint: { sign: [secret] } })).toEqual(error);
    expect(prepared({ endpoint: { headers: { 'x-token': secret } } })).toEqual(error);
  });

  test.each(['s3cret\r\nx-forged: 1', 's3cret\n', 's3cret\0', 's3cret\u2026'])(
    'createPrepare() refuses the header value %j from a reference, and does not show it',
    (TOKEN) => {
      const message =
        'the header x-token cannot be sent: environment variable TOKEN has a line break or another character that a header cannot hold';
      const built = prepared({ endpoint: { headers: { 'x-token': { env: 'TOKEN' } } } }, { TOKEN });
      expect(built).toEqual(refused('BAD_SECRET', message));
    },
  );

  test('createPrepare() refuses what is not a signing secret, and does not show it', () => {
    const built = prepared({ endpoint: { sign: [{ env: 'S' }] } }, { S: 'hunter2' });
    const why = 'it begins neither with whsec_ (HMAC) nor with whsk_ (ed25519)';
    expect(built).toEqual(refused('BAD_SECRET', `environment variable S cannot be signed with: ${why}`));
  });

  test('createPrepare() does not copy the payload', () => {
    const payload = Buffer.from('xx{"a":1}xx').subarray(2, 9);
    const { body } = requestOf(prepared({ event: { payload } }));
    expect([body.buffer === payload.buffer, body.toString()]).toEqual([true, '{"a":1}']);
  });

  test('createPrepare() makes a key once, and again when its secret was replaced', () => {
    const secretOf = (n: number) => `whsec_${Buffer.alloc(32, n).toString('base64')}`;
    let text = secretOf(1);
    const secrets: SecretReader = {
      forget() {},
      read: (secret) => ({ ok: true, text: 'value' in secret ? secret.value : text }),
    };
    const prepare = createPrepare({ userAgent: 'x', secrets });
    const attempt = attemptAt('https://host.example/in', { endpoint: { sign: [{ env: 'S' }] } });
    const signature = () => headerOf(requestOf(prepare(attempt)), 'webhook-signature');
    const before = signature();
    expect(signature()).toBe(before);
    text = secretOf(2);
    expect(signature()).not.toBe(before);
  });

  test('createPrepare() finds that the URL, a header or a key was replaced under the same reference', () => {
    const keyOf = (n: number) => `whsec_${Buffer.alloc(32, n).toString('base64')}`;
    const texts: Record<string, string> = { URL: 'https://one.example/in', TOKEN: 'one', KEY: keyOf(1) };
    const secrets: SecretReader = {
      forget() {},
      read: (secret) => ({ ok: true, text: 'env' in secret ? texts[secret.env]! : '' }),
    };
    const prepare = createPrepare({ userAgent: 'x', secrets });
    const headers = { 'x-token': { env: 'TOKEN' } };
    const endpoint = { url: { env: 'URL' }, headers, sign: [{ env: 'KEY' }] };
    const attempt = attemptAt('', { endpoint });
    const seen = () => {
      const request = requestOf(prepare(attempt));
      return [
        request.destination.origin,
        headerOf(request, 'x-token'),
        headerOf(request, 'webhook-signature'),
      ];
    };
    const first = seen();
    expect(seen()).toEqual(first);
    texts.URL = 'https://two.example/in';
    expect(seen()).toEqual(['https://two.example', 'one', first[2]]);
    texts.TOKEN = 'two';
    expect(seen()).toEqual(['https://two.example', 'two', first[2]]);
    texts.KEY = keyOf(2);
    expect(seen()[2]).not.toBe(first[2]);
    texts.KEY = 'none';
    expect(seen).toThrow('cannot be signed with');
    texts.KEY = keyOf(1);
    expect(seen()).toEqual(['https://two.example', 'two', first[2]]);
  });

  test("createPrepare() makes an endpoint's template once", () => {
    const parsed = vi.spyOn(URL.prototype, 'origin', 'get');
    const prepare = createPrepare({ userAgent: 'x', secrets: createSecretReader({ env: {} }) });
    const attempt = attemptAt('https://host.example/in', {
      endpoint: { sign: [{ value: `whsec_${'A'.repeat(32)}` }] },
    });
    for (let n = 1; n <= 3; n += 1) prepare({ ...attempt, attempt: n });
    expect(parsed).toHaveBeenCalledTimes(1);
    parsed.mockRestore();
  });

  test("createPrepare() sends each header once, its own before the endpoint's", () => {
    const headers = Object.fromEntries(
      [
        'Webhook-Id',
        'webhook-timestamp',
        'capnhook-attempt',
        'capnhook-hook',
        'webhook-signature',
        'content-type',
      ].map((name) => [name, { value: 'mine' }]),
    );
    const sign = [{ value: `whsec_${'A'.repeat(32)}` }];
    const sent = (parts: AttemptParts) => {
      const pairs = requestOf(prepared(parts)).headers;
      const names = pairs.filter((_, at) => at % 2 === 0);
      expect(new Set(names).size).toBe(names.length);
      return names.filter((_, at) => pairs[2 * at + 1] === 'mine');
    };
    expect(sent({ endpoint: { headers, sign } })).toEqual([]);
    expect(sent({ endpoint: { headers } })).toEqual(['webhook-signature']);
    const { hook: _, ...event } = attemptAt('').event;
    const unnamed = createPrepare({ userAgent: 'x', secrets: createSecretReader({ env: {} }) })({
      ...attemptAt('https://host.example/in', { endpoint: { headers } }),
      event,
    });
    expect(requestOf(unnamed).headers.filter((text) => text === 'mine')).toHaveLength(2);
  });

  test('createPrepare() does not hide a bug in its secret reader', () => {
    const secrets: SecretReader = {
      forget() {},
      read: () => {
        throw new TypeError('a bug');
      },
    };
    const attempt = attemptAt('', { endpoint: { url: { env: 'URL' } } });
    expect(() => createPrepare({ userAgent: 'x', secrets })(attempt)).toThrow('a bug');
  });

  test('createPrepare() never makes a header with a line break in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string(), (a, b) => {
        const headers = { 'x-a': { value: a }, 'x-b': { value: `${b}\r\n` } };
        expect(prepared({ endpoint: { headers } }).kind).toBe('error');
      }),
    );
  });
});
