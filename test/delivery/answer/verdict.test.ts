import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Verdict, verdictOf } from '../../../src/delivery/answer/verdict.js';

const now = Date.UTC(2026, 10, 23, 12, 0, 0);

describe('verdictOf()', () => {
  test.each<[number, Verdict]>([
    [200, { kind: 'delivered' }],
    [204, { kind: 'delivered' }],
    [299, { kind: 'delivered' }],
    [300, { kind: 'failed', what: '300 (redirects are not followed)', mayBeEvent: true }],
    [301, { kind: 'failed', what: '301 (redirects are not followed)', mayBeEvent: true }],
    [399, { kind: 'failed', what: '399 (redirects are not followed)', mayBeEvent: true }],
    [400, { kind: 'rejected', what: '400' }],
    [401, { kind: 'failed', what: '401', mayBeEvent: true }],
    [404, { kind: 'failed', what: '404', mayBeEvent: true }],
    [408, { kind: 'failed', what: '408', mayBeEvent: true }],
    [410, { kind: 'gone', what: '410 Gone' }],
    [413, { kind: 'rejected', what: '413' }],
    [415, { kind: 'rejected', what: '415' }],
    [422, { kind: 'rejected', what: '422' }],
    [429, { kind: 'failed', what: '429', limits: true }],
    [500, { kind: 'failed', what: '500', mayBeEvent: true }],
    [503, { kind: 'failed', what: '503', mayBeEvent: true }],
    [999, { kind: 'failed', what: '999', mayBeEvent: true }],
  ])('verdictOf() the status %d is %j', (status, verdict) => {
    expect(verdictOf({ kind: 'answer', status }, now)).toEqual(verdict);
  });

  test.each(['BAD_SECRET', 'BAD_URL', 'BAD_REQUEST'])(
    'verdictOf() the error %s is a mistake that a person must put right',
    (code) =>
      expect(verdictOf({ kind: 'error', code, message: '' }, now)).toEqual({ kind: 'mistake', what: code }),
  );

  test.each([
    ...['ECONNRESET', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EPROTO', 'EACCES', 'ETIMEDOUT', 'NO_IPV6'],
    ...['TIMEOUT', 'BAD_RESPONSE', 'CERT_HAS_EXPIRED', 'ERR_SSL_WRONG_VERSION_NUMBER', 'INVALID_CA'],
    ...['ERR_TLS_CERT_ALTNAME_INVALID', 'SELF_SIGNED_CERT_IN_CHAIN', 'ESERVFAIL', 'ENETUNREACH'],
  ])('verdictOf() the error %s is a failure of the endpoint', (code) =>
    expect(verdictOf({ kind: 'error', code, message: '' }, now).kind).toBe('failed'),
  );

  test.each([
    ...['EMFILE', 'ENFILE', 'ENOMEM', 'EADDRNOTAVAIL', 'ENOBUFS', 'EAGAIN', 'UNKNOWN'],
    ...[
      'ENOSPC',
      'EIO',
      'ENOENT',
      'ERR_INVALID_ARG_TYPE',
      'ERR_MODULE_NOT_FOUND',
      'EAI_MEMORY',
      'EADDRINUSE',
    ],
  ])('verdictOf() the error %s blames this machine', (code) =>
    expect(verdictOf({ kind: 'error', code, message: '' }, now)).toEqual({ kind: 'ours', what: code }),
  );

  test.each([
    [302, { kind: 'failed', what: '302 (redirects are not followed)', mayBeEvent: true }],
    [400, { kind: 'rejected', what: '400' }],
    [403, { kind: 'failed', what: '403', limits: true }],
    [404, { kind: 'failed', what: '404', mayBeEvent: true }],
    [413, { kind: 'rejected', what: '413' }],
    [429, { kind: 'failed', what: '429', limits: true }],
    [500, { kind: 'failed', what: '500', mayBeEvent: true }],
    [503, { kind: 'failed', what: '503', mayBeEvent: true }],
  ] as const)('verdictOf() %d with Retry-After asks to wait', (status, expected) => {
    const verdict = (retryAfter: string) => verdictOf({ kind: 'answer', status, retryAfter }, now);
    expect(verdict('120')).toEqual({ ...expected, retryAfterMs: 120_000 });
    expect(verdict('1.5')).toEqual({ ...expected, retryAfterMs: 1_500 });
    expect(verdict('Mon, 23 Nov 2026 12:00:30 GMT')).toEqual({ ...expected, retryAfterMs: 30_000 });
    expect(verdict('0')).toEqual({ ...expected, retryAfterMs: 0 });
    expect(verdict('garbage')).toEqual(verdictOf({ kind: 'answer', status }, now));
  });

  test('verdictOf() listens to Retry-After with every status but 2xx and 410', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 999 }), (status) => {
        const verdict = verdictOf({ kind: 'answer', status, retryAfter: '60' }, now);
        const isHeard = status >= 300 && status !== 410;
        expect('retryAfterMs' in verdict && verdict.retryAfterMs).toBe(isHeard ? 60_000 : false);
      }),
    );
  });

  test('verdictOf() an error is a failure that is called by its code', () => {
    const result = { kind: 'error', code: 'ECONNREFUSED', message: 'the connection was refused' } as const;
    expect(verdictOf(result, now)).toEqual({ kind: 'failed', what: 'ECONNREFUSED' });
  });

  test.each<[number, 'abort-message' | 'disable', Verdict]>([
    [204, 'disable', { kind: 'delivered', disables: true }],
    [204, 'abort-message', { kind: 'delivered' }],
    [410, 'disable', { kind: 'gone', what: '410 Gone' }],
    [410, 'abort-message', { kind: 'gone', what: '410 Gone' }],
    ...[301, 400, 404, 429, 500, 503].flatMap((status): [number, 'abort-message' | 'disable', Verdict][] => [
      [status, 'disable', { kind: 'gone', what: 'webhook-delivery: disable' }],
      [status, 'abort-message', { kind: 'refused', what: `${status}, webhook-delivery: abort-message` }],
    ]),
  ])('verdictOf() the status %d with webhook-delivery: %s is %j', (status, delivery, verdict) => {
    expect(verdictOf({ kind: 'answer', status, delivery, retryAfter: '9' }, now)).toEqual(verdict);
  });

  test('verdictOf() an aborted attempt is aborted', () => {
    expect(verdictOf({ kind: 'aborted' }, now)).toEqual({ kind: 'aborted' });
  });
});
