import { describe, expect, it } from 'vitest';
import { parseListenAddress, renderAddress } from '../../src/metrics/listen-address.js';

describe('parseListenAddress()', () => {
  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['9464', { host: '127.0.0.1', port: 9464 }],
    [':9464', { host: '127.0.0.1', port: 9464 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['metrics.internal:65535', { host: 'metrics.internal', port: 65_535 }],
    ['unix:/run/capnhook/metrics.sock', { path: '/run/capnhook/metrics.sock' }],
  ])('parseListenAddress(%j) is %j', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each(['', '127.0.0.1', '127.0.0.1:65536', '::1:9464', 'http://a:1', 'unix:metrics.sock', 'a:1/x'])(
    'parseListenAddress(%j) is refused',
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );

  it('renderAddress() is what can be asked', () => {
    expect(renderAddress({ host: '::1', port: 1 })).toBe('http://[::1]:1/metrics');
    expect(renderAddress({ path: '/x' })).toBe('unix:/x');
  });
});
