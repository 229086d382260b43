import { describe, expect, test } from 'vitest';
import { describeError } from '../../../src/delivery/http/error-words.js';

const coded = (code: string, message = 'about https://s3cret.example/') =>
  Object.assign(new Error(message), { code });

describe('describeError()', () => {
  test.each([
    ['ECONNREFUSED', 'ECONNREFUSED', 'the connection was refused'],
    ['EAI_AGAIN', 'EAI_AGAIN', 'the host name could not be looked up just now'],
    ['EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'this machine has no free port left'],
    ['ERR_ASSERTION', 'BAD_RESPONSE', 'the answer is not one that HTTP/1.1 allows'],
    ['UND_ERR_SOCKET', 'SOCKET_CLOSED', 'the connection was closed before an answer came'],
    ['UND_ERR_HEADERS_OVERFLOW', 'BAD_RESPONSE', 'the answer is not one that HTTP/1.1 allows'],
    ['UND_ERR_INVALID_ARG', 'BAD_REQUEST', 'the request cannot be made, because of one of its headers'],
    ['UND_ERR_DESTROYED', 'DESTROYED', 'the attempt failed'],
    ['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED', 'the TLS certificate has expired'],
    ['CERT_REVOKED', 'CERT_REVOKED', 'the TLS certificate is not trusted'],
    [
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      'TLS could not be agreed on',
    ],
    ['EPROTO', 'EPROTO', 'TLS could not be agreed on'],
  ])('describeError() of %s is %s, and quotes nothing', (given, code, message) => {
    const { hint: _, ...described } = describeError(coded(given));
    expect(described).toEqual({ kind: 'error', code, message });
  });

  test('describeError() tells a bad answer from a closed connection', () => {
    expect(describeError(coded('UND_ERR_SOCKET', 'bad response')).code).toBe('BAD_RESPONSE');
    expect(describeError(coded('UND_ERR_SOCKET', 'other side closed')).code).toBe('SOCKET_CLOSED');
  });

  test.each([undefined, 'HPE_INVALID_CONSTANT'])(
    "describeError() of undici's parser error is BAD_RESPONSE",
    (code) => {
      const error = Object.assign(new Error('s3cret'), { name: 'HTTPParserError', code });
      expect(describeError(error).code).toBe('BAD_RESPONSE');
    },
  );

  test('describeError() of several addresses passes over those that this machine could not try', () => {
    const missing = Object.assign(coded('EADDRNOTAVAIL'), { address: 'fec0::1' });
    const error = new AggregateError([coded('ENETUNREACH'), missing, coded('ECONNREFUSED')]);
    expect(describeError(error).code).toBe('ECONNREFUSED');
    expect(describeError(new AggregateError([coded('ENETUNREACH')])).code).toBe('ENETUNREACH');
  });

  test.each([
    new RangeError('WebAssembly.Memory(): could not allocate memory'),
    new RangeError('Array buffer allocation failed'),
    new Error('WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance'),
  ])('describeError() of %s is a want of memory', (error) => {
    expect(describeError(error)).toMatchObject({
      code: 'ENOMEM',
      hint: expect.stringContaining('memory'),
    });
  });

  test('describeError() of several addresses is that of the first', () => {
    const error = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]);
    expect(describeError(error).code).toBe('ECONNREFUSED');
    expect(describeError(new AggregateError([])).code).toBe('UNKNOWN');
  });

  test.each([new Error('s3cret'), 's3cret', undefined])(
    'describeError() of anything else is UNKNOWN',
    (error) => {
      const { code, message, hint } = describeError(error);
      expect([code, message]).toEqual(['UNKNOWN', 'something went wrong on this machine']);
      expect(hint).toContain('report it');
    },
  );
});
