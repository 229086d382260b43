import { describe, expect, it } from 'vitest';
import { endpointDefaults } from '../../../src/endpoint/endpoint.js';
import { endpointIdOf } from '../../../src/endpoint/endpoint-id.js';
import { parseDraft, parseHooks } from '../../../src/hooks/parse/parse-hooks.js';
import { hooksOf, problemsOf } from './parsed.js';

const url = (path: string) => ({ value: `https://a.example/${path}` });

describe('parseHooks() reads', () => {
  it.each([
    '',
    '# only a comment\n',
    '---\n',
    'hooks:\n',
    'hooks: {}\nendpoints:\ndefaults:\n',
    '\uFEFF',
    'null',
  ])('parseHooks() takes %j for no registrations', (text) => {
    expect(hooksOf(text)).toEqual({
      registrations: [],
      endpoints: new Map(),
      defaults: endpointDefaults,
      maxInFlight: 256,
      holdKeepMs: 30 * 86_400_000,
      journalKeepMs: 30 * 86_400_000,
      unclaimed: { isDropped: false, keepMs: 30 * 86_400_000 },
    });
  });

  it.each([
    ['{keep: 90s}', { isDropped: false, keepMs: 90_000 }],
    ['{}', { isDropped: false, keepMs: 30 * 86_400_000 }],
    ['{keep: 0s}', { isDropped: false, keepMs: 0 }],
    ['drop', { isDropped: true, keepMs: 30 * 86_400_000 }],
  ])('parseHooks() reads defaults.unclaimed: %s', (text, unclaimed) => {
    expect(hooksOf(`hooks: {}\ndefaults: {unclaimed: ${text}}`).unclaimed).toEqual(unclaimed);
  });

  const mustKeep = "'unclaimed' must be a map with 'keep', such as {keep: 30d}, or 'drop'";
  it.each([
    ['keep', `1:23 ${mustKeep}; found text`],
    ['~', `1:23 ${mustKeep}; found nothing`],
    ['{kep: 1d}', "1:24 unknown key 'kep'; did you mean 'keep'?"],
    ['{keep: 30}', "1:30 'keep' must be a duration such as 500ms, 20s, 5m, 2h or 3d; found a number"],
    ['{keep: drop}', "1:30 'keep' must be a duration such as 500ms, 20s, 5m, 2h or 3d; found text"],
  ])('parseHooks() refuses defaults.unclaimed: %s', (text, problem) => {
    expect(problemsOf(`defaults: {unclaimed: ${text}}`)).toEqual([problem]);
  });

  it.each([
    ['', 'everything'],
    ['# a comment', 'everything'],
    ['{}', 'hooks'],
    ['hooks:', 'hooks'],
    ['endpoints: {a: https://a.example}', 'hooks'],
    ['defaults:', 'hooks'],
    ['hooks: {}', undefined],
    ['hooks: {a: }', undefined],
  ])('parseDraft() says of %j that it lacks %s', (text, lacks) => {
    const parsed = parseDraft(text);
    expect(parsed.ok && parsed.lacks).toBe(lacks);
  });

  it('parseHooks() takes a hook with nothing under it for a hook without receivers', () => {
    const none = { endpoints: [] };
    expect(hooksOf('hooks: {a: [], b: }').registrations).toEqual([
      { pattern: 'a', ...none },
      { pattern: 'b', ...none },
    ]);
  });

  it('parseHooks() fills in what an endpoint leaves out from defaults, then from what is built in', () => {
    const { endpoints, defaults } = hooksOf(`
hooks: {a: https://a.example/1}
endpoints:
  full:
    url: {env: FULL}
    headers: {X-Env: prod, Authorization: {file: /run/t}, X-C: {credential: c.1}}
    sign: [{env: NEW}, {file: /run/old}]
    timeout: 1.5s
    concurrency: 256
    rate: 100/m
    giveUpAfter: 0s
    retry: {schedule: [1s, 2m], jitter: 0}
    onChange: {command: [tell, "--to", ops]}
  half: {url: 'https://a.example/2', sign: {env: S}, retry: {schedule: [1s]}}
defaults: {timeout: 7s, retry: {jitter: 0.5}}
`);
    expect(endpoints.get('full')).toEqual({
      id: 'full',
      url: { env: 'FULL' },
      headers: {
        'x-env': { value: 'prod' },
        authorization: { file: '/run/t' },
        'x-c': { credential: 'c.1' },
      },
      sign: [{ env: 'NEW' }, { file: '/run/old' }],
      timeoutMs: 1_500,
      concurrency: 256,
      rate: { count: 100, perMs: 60_000 },
      order: 'any',
      onFailure: 'block',
      giveUpAfterMs: 0,
      retry: { scheduleMs: [1_000, 120_000], jitter: 0 },
      onChange: ['tell', '--to', 'ops'],
    });
    const half = { ...endpointDefaults, timeoutMs: 7_000, retry: { scheduleMs: [1_000], jitter: 0.5 } };
    expect(endpoints.get('half')).toEqual({ ...half, id: 'half', url: url('2'), sign: [{ env: 'S' }] });
    const retry = { ...endpointDefaults.retry, jitter: 0.5 };
    expect(defaults).toEqual({ ...endpointDefaults, timeoutMs: 7_000, retry });
    const id = endpointIdOf('https://a.example/1');
    expect(endpoints.get(id)).toEqual({ ...defaults, id, url: url('1') });
    expect([...endpoints.keys()]).toEqual(['full', 'half', id]);
  });

  it('parseHooks() takes defaults of every kind, which an endpoint can override', () => {
    const { endpoints, defaults, maxInFlight, alert, holdKeepMs, journalKeepMs, deadKeepMs } = hooksOf(`
hooks: {trouble: [own]}
endpoints:
  own: {url: https://a.example/1, rate: 1/s, order: any, onChange: {command: [/bin/page]}, sent: {keep: 30d}}
  like: {url: https://a.example/2, onFailure: block}
  free: {url: https://a.example/3, rate: none, onChange: none, sent: none}
defaults: {rate: 5000/d, order: strict, onFailure: skip, onChange: {command: [mail]}, sent: {maxBytes: 10MB}, maxInFlight: 4096, alert: trouble, hold: {keep: 1d}, journal: {keep: 7d}, dead: {keep: 365d}}
`);
    expect({ maxInFlight, alert }).toEqual({ maxInFlight: 4_096, alert: 'trouble' });
    expect([holdKeepMs, journalKeepMs, deadKeepMs]).toEqual([1, 7, 365].map((days) => days * 86_400_000));
    const rate = { count: 5_000, perMs: 86_400_000 };
    expect(defaults).toMatchObject({ rate, order: 'strict', onFailure: 'skip', onChange: ['mail'] });
    const own = { rate: { count: 1, perMs: 1_000 }, order: 'any', onChange: ['/bin/page'] };
    expect(endpoints.get('own')).toMatchObject(own);
    expect(endpoints.get('free')?.rate).toBeUndefined();
    expect(endpoints.get('free')?.onChange).toBeUndefined();
    expect(endpoints.get('free')?.sent).toBeUndefined();
    expect(endpoints.get('own')?.sent).toEqual({ keepMs: 30 * 86_400_000, maxBytes: 10_000_000 });
    expect(endpoints.get('like')?.sent).toEqual({ keepMs: 7 * 86_400_000, maxBytes: 10_000_000 });
    expect(endpoints.get('like')).toMatchObject({
      rate,
      order: 'strict',
      onFailure: 'block',
      onChange: ['mail'],
    });
  });

  it('parseHooks() builds each endpoint once, whatever it is called', () => {
    const { registrations } = hooksOf(`
hooks:
  a: [chat, 'HTTPS://A.example:443/chat', https://a.example/b]
  c: {url: https://a.example/chat}
  d: https://a.example/b
endpoints: {chat: https://a.example/chat}
`);
    const [a, c, d] = registrations.map(({ endpoints }) => endpoints);
    expect(a!.map(({ id }) => id)).toEqual(['chat', endpointIdOf('https://a.example/b')]);
    expect(c).toEqual([a![0]]);
    expect(c![0]).toBe(a![0]);
    expect(d![0]).toBe(a![1]);
  });

  it('parseHooks() takes a header Host, and values in which a dollar is only a dollar', () => {
    const headers = 'headers: {Host: "api.example:8443", X-A: "$5", X-B: "pa$sword", X-C: "a$", X-D: "{}"}';
    const parsed = parseHooks(
      `endpoints: {e: {url: "https://a.example/v1?$filter=x", ${headers}}}\nhooks: {a: e}`,
    );
    expect(parsed.ok && parsed.hooks.endpoints.get('e')!.headers).toMatchObject({
      host: { value: 'api.example:8443' },
      'x-a': { value: '$5' },
    });
  });

  it('parseHooks() gives a bare URL the settings that it has elsewhere', () => {
    const { registrations } = hooksOf(
      'hooks: {a: https://a.example/1, b: {url: https://a.example/1, timeout: 1s}}',
    );
    expect(registrations[0]!.endpoints[0]!.timeoutMs).toBe(1_000);
    expect(registrations[0]!.endpoints[0]).toBe(registrations[1]!.endpoints[0]);
  });

  it('parseHooks() gives an unnamed secret URL an id that does not tell where it is', () => {
    const { registrations } = hooksOf('hooks: {a: {url: {env: SECRET_PLACE}, timeout: 1s}}');
    expect(registrations[0]!.endpoints[0]!.id).toMatch(/^env~[0-9a-f]{12}$/);
  });

  it('parseHooks() follows aliases, and takes numbers and words as names of hooks', () => {
    const { registrations } = hooksOf(
      'hooks:\n  404: &x [https://a.example/1]\n  true: *x\n  null: &u https://a.example/2\n  1.0: [*u]\n',
    );
    expect(registrations.map(({ pattern }) => pattern)).toEqual(['404', 'true', 'null', '1.0']);
    expect(registrations[1]!.endpoints).toEqual(registrations[0]!.endpoints);
    expect(registrations[3]!.endpoints).toEqual(registrations[2]!.endpoints);
  });

  it('parseHooks() is not moved by keys such as __proto__ and constructor', () => {
    const { registrations, endpoints } = hooksOf(`
hooks: {__proto__: https://a.example/1, constructor: [__proto__]}
endpoints: {__proto__: {url: https://a.example/2, headers: {__proto__: x, constructor: y}}}
`);
    expect(registrations.map(({ pattern }) => pattern)).toEqual(['__proto__', 'constructor']);
    expect(Object.entries(endpoints.get('__proto__')!.headers)).toEqual([
      ['__proto__', { value: 'x' }],
      ['constructor', { value: 'y' }],
    ]);
    expect(({} as Record<string, unknown>).value).toBeUndefined();
    expect(problemsOf('constructor: 1\n__proto__: {hooks: 1}')).toEqual([
      "1:1 unknown key 'constructor'; known here: hooks, endpoints, defaults",
      "2:1 unknown key '__proto__'; known here: hooks, endpoints, defaults",
    ]);
  });

  it('parseHooks() reads CRLF and JSON', () => {
    expect(hooksOf('hooks:\r\n  a:\r\n    - https://a.example/1\r\n').registrations).toHaveLength(1);
    expect(hooksOf('{"hooks": {"a": ["https://a.example/1"]}}').registrations).toHaveLength(1);
  });
});
