import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointIdOf } from '../../src/endpoint/endpoint-id.js';
import { isHookPattern } from '../../src/event/hook-pattern.js';
import { parseHooks } from '../../src/hooks/parse/parse-hooks.js';
import type { Hooks } from '../../src/routing/hooks.js';
import { createRouter, endpointsFor, matchesHook } from '../../src/routing/match.js';

function hooksOf(text: string): Hooks {
  const parsed = parseHooks(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.hooks;
}

/** The plain recursive definition. */
function reference(pattern: string[], hook: string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return hook.length === 0;
  if (first === '**') return hook.some((_, n) => reference(rest, hook.slice(n))) || reference(rest, []);
  return hook.length > 0 && (first === '*' || first === hook[0]) && reference(rest, hook.slice(1));
}

describe('matchesHook()', () => {
  it.each([
    ['build.failed', 'build.failed', true],
    ['build.failed', 'build.ok', false],
    ['build.*', 'build.ok', true],
    ['build.*', 'build', false],
    ['build.*', 'build.a.b', false],
    ['*', 'complete', true],
    ['*', 'a.b', false],
    ['**', 'a.b.c', true],
    ['build.**', 'build', true],
    ['build.**', 'builds', false],
    ['**.failed', 'failed', true],
    ['**.failed', 'a.failed.b', false],
    ['a.**.z', 'a.b.c.z', true],
    ['a.**.b.*', 'a.b.x.b.y', true],
  ])('matchesHook(%s, %s) is %s', (pattern, hook, expected) =>
    expect(matchesHook(pattern, hook)).toBe(expected),
  );

  it('matchesHook() agrees with the recursive definition', () => {
    const segment = fc.constantFrom('a', 'b', 'c');
    const patterns = fc.array(fc.constantFrom('a', 'b', '*', '**'), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(patterns, fc.array(segment, { minLength: 1, maxLength: 7 }), (pattern, hook) => {
        expect(matchesHook(pattern.join('.'), hook.join('.'))).toBe(reference(pattern, hook));
      }),
      { numRuns: 2_000 },
    );
  });

  it('matchesHook() stays quick for a pattern made to be slow', () => {
    const started = performance.now();
    expect(matchesHook(`${'**.a.'.repeat(20)}b`, `${'a.'.repeat(60)}c`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe('isHookPattern()', () => {
  it.each(['complete', 'build.*', '**', '*.failed', 'a.**.b', '404', '*'])(
    'isHookPattern() takes %s',
    (text) => {
      expect(isHookPattern(text)).toBe(true);
    },
  );
  it.each(['', 'a*', 'a.b*', '***', '.a', 'a..b', '-a', 'a b', '*'.repeat(129), 'a/b'])(
    'isHookPattern() refuses %j',
    (text) => {
      expect(isHookPattern(text)).toBe(false);
    },
  );
});

const file = `
hooks:
  "build.*": [audit, https://b.example/1]
  build.failed: [https://b.example/1, chat, https://AUDIT.example]
  "**": audit
endpoints:
  audit: {url: https://audit.example/, timeout: 1s}
  chat: {url: {env: CHAT}}
`;

describe('createRouter()', () => {
  const hooks = hooksOf(file);
  const router = createRouter(hooks);
  const ids = (event: { hook?: string; to?: string[] }) => endpointsFor(hooks, event).map(({ id }) => id);
  const b = endpointIdOf('https://b.example/1');

  it('endpointsFor() gives an endpoint an event once, in the order of the file', () => {
    expect(ids({ hook: 'build.failed' })).toEqual(['audit', b, 'chat']);
    expect(ids({ hook: 'build.ok' })).toEqual(['audit', b]);
    expect(ids({ hook: 'other' })).toEqual(['audit']);
    expect(ids({})).toEqual([]);
  });

  it('endpointsFor() sends an event with URLs of its own to those alone', () => {
    const [audit, other, ...rest] = endpointsFor(hooks, {
      hook: 'build.ok',
      to: ['HTTPS://audit.example', 'https://new.example/x', 'https://new.example:443/x'],
    });
    expect(audit).toBe(hooks.endpoints.get('audit'));
    expect(other).toEqual({
      ...hooks.defaults,
      id: endpointIdOf('https://new.example/x'),
      url: { value: 'https://new.example/x' },
    });
    expect(rest).toEqual([]);
    expect(ids({ to: [] })).toEqual([]);
  });

  it('endpoint() finds a receiver by its id', () => {
    expect(router.endpoint('audit', { hook: 'build.ok' })).toBe(hooks.endpoints.get('audit'));
    expect(router.endpoint('chat', { hook: 'build.ok' })).toBeUndefined();
    expect(router.endpoint(b, { to: ['https://b.example/1'] })?.id).toBe(b);
  });

  it('endpoint() finds a receiver by the id that its URL had before it had a name', () => {
    const before = endpointIdOf('https://audit.example/');
    const audit = hooks.endpoints.get('audit');
    for (const event of [{ hook: 'build.ok' }, { to: ['https://audit.example'] }]) {
      expect(router.endpoint(before, event)).toEqual({ ...audit, id: before });
    }
    expect(router.endpoint(before, { to: ['https://b.example/1', 'https://b.example/2'] })).toBeUndefined();
  });

  it('endpoint() finds the one URL that an event has named, whatever it was called', () => {
    const url = 'https://b.example/1';
    expect(router.endpoint('gone', { to: [url] })).toEqual({
      ...hooks.defaults,
      id: 'gone',
      url: { value: url },
    });
    expect(router.endpoint('gone', { hook: 'build.ok' })).toBeUndefined();
    expect(router.endpoint('gone', { to: [] })).toBeUndefined();
    expect(router.endpoint('audit', { to: [url] })).toBeUndefined(); // it has another URL now
  });

  it('route() says so where nobody gets the event', () => {
    for (const event of [{}, { to: [] }]) expect(router.route(event)).toEqual({ kind: 'nobody' });
  });

  it('createRouter() answers the same after more hooks than it remembers', () => {
    for (let n = 0; n < 1_100; n++) router.route({ hook: `build.x${n}` });
    expect(router.route({ hook: 'build.x0' })).toMatchObject({ endpoints: [{ id: 'audit' }, { id: b }] });
    expect(router.endpoint('audit', { hook: 'build.x1099' })?.id).toBe('audit');
  });
});
