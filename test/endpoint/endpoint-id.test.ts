import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endpointIdOf,
  formerEndpointId,
  isEndpointName,
  unnamedEndpointId,
} from '../../src/endpoint/endpoint-id.js';

describe('endpointIdOf()', () => {
  it('endpointIdOf() is the host and 12 hex digits of the SHA-256 of the normalised URL', () => {
    expect(endpointIdOf('https://panda.dog.com/run')).toBe('panda.dog.com~9df659c077e9');
  });

  it('endpointIdOf() is the same for every spelling of a URL', () => {
    const spellings = ['https://Panda.dog.com', 'https://panda.dog.com/', 'HTTPS://panda.dog.com:443/a/..'];
    expect(new Set(spellings.map(endpointIdOf)).size).toBe(1);
  });

  it('endpointIdOf() shows neither port nor credentials nor path', () => {
    expect(endpointIdOf('https://me:hunter2@h.example:8443/T0/s3cret?k=v')).toMatch(
      /^h\.example~[0-9a-f]{12}$/,
    );
  });

  it('endpointIdOf() is a safe file name for any host', () => {
    expect(endpointIdOf('http://[::1]:80/')).toMatch(/^___1_~[0-9a-f]{12}$/);
    expect(endpointIdOf(`https://${'a'.repeat(60)}.${'b'.repeat(60)}.example/`)).toMatch(
      /^.{64}~[0-9a-f]{12}$/,
    );
    expect(endpointIdOf('https://bücher.example/')).toMatch(/^xn--bcher-kva\.example~/);
  });

  it('endpointIdOf() differs between URLs that differ', () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.webUrl(), (a, b) => {
        expect(endpointIdOf(a) === endpointIdOf(b)).toBe(new URL(a).href === new URL(b).href);
      }),
    );
  });

  it('endpointIdOf() throws for what is no URL', () => {
    expect(() => endpointIdOf('panda')).toThrow(TypeError);
  });
});

describe('unnamedEndpointId()', () => {
  it('unnamedEndpointId() tells nothing of where a secret URL is kept', () => {
    expect(unnamedEndpointId({ env: 'HOOK' })).toBe('env~925d604f3c8d');
    expect(unnamedEndpointId({ file: '/run/x' })).toMatch(/^file~[0-9a-f]{12}$/);
    expect(unnamedEndpointId({ credential: 'x' })).toMatch(/^credential~[0-9a-f]{12}$/);
    expect(unnamedEndpointId({ value: 'https://a.example' })).toBe(endpointIdOf('https://a.example/'));
  });
});

describe('isEndpointName()', () => {
  it.each(['chat', 'a', '_x', '0-1', 'x'.repeat(64)])('isEndpointName() takes %s', (name) => {
    expect(isEndpointName(name)).toBe(true);
  });
  it.each(['', '-a', 'a.b', 'a~b', 'a b', 'a/b', 'x'.repeat(65), 'a\n'])(
    'isEndpointName() refuses %j',
    (name) => {
      expect(isEndpointName(name)).toBe(false);
    },
  );
});

describe('formerEndpointId()', () => {
  const url = { value: 'https://panda.dog.com/run' };

  it('formerEndpointId() of a named endpoint is the id of its URL', () => {
    expect(formerEndpointId({ id: 'panda', url })).toBe('panda.dog.com~9df659c077e9');
    expect(formerEndpointId({ id: 'panda', url: { env: 'URL' } })).toMatch(/^env~/);
  });

  it('formerEndpointId() of an endpoint without a name is its own', () => {
    for (const each of [url, { env: 'URL' }, { file: '/url' }, { credential: 'url' }]) {
      const id = unnamedEndpointId(each);
      expect(formerEndpointId({ id, url: each })).toBe(id);
    }
  });
});
