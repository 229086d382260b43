import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointDefaults } from '../../../src/endpoint/endpoint.js';
import { endpointIdOf } from '../../../src/endpoint/endpoint-id.js';
import { addRegistration, removeRegistration } from '../../../src/hooks/edit/edit-hooks.js';
import { parseDraft, parseHooks } from '../../../src/hooks/parse/parse-hooks.js';
import type { Hooks } from '../../../src/routing/hooks.js';
import { measure } from '../../faults/support/measure.js';
import { anyCharacter } from '../../support/any-character.js';

function hooksOf(text: string): Hooks {
  const parsed = parseHooks(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.hooks;
}

/** Problems as `line:column message`. */
function problemsOf(text: string): string[] {
  const parsed = parseHooks(text);
  return parsed.ok ? [] : parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

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
    const { endpoints, defaults, maxInFlight, alert, holdKeepMs, journalKeepMs } = hooksOf(`
hooks: {trouble: [own]}
endpoints:
  own: {url: https://a.example/1, rate: 1/s, order: any, onChange: {command: [/bin/page]}}
  like: {url: https://a.example/2, onFailure: block}
  free: {url: https://a.example/3, rate: none, onChange: none}
defaults: {rate: 5000/d, order: strict, onFailure: skip, onChange: {command: [mail]}, maxInFlight: 4096, alert: trouble, hold: {keep: 1d}, journal: {keep: 7d}}
`);
    expect({ maxInFlight, alert }).toEqual({ maxInFlight: 4_096, alert: 'trouble' });
    expect([holdKeepMs, journalKeepMs]).toEqual([86_400_000, 7 * 86_400_000]);
    const rate = { count: 5_000, perMs: 86_400_000 };
    expect(defaults).toMatchObject({ rate, order: 'strict', onFailure: 'skip', onChange: ['mail'] });
    const own = { rate: { count: 1, perMs: 1_000 }, order: 'any', onChange: ['/bin/page'] };
    expect(endpoints.get('own')).toMatchObject(own);
    expect(endpoints.get('free')?.rate).toBeUndefined();
    expect(endpoints.get('free')?.onChange).toBeUndefined();
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

/** An endpoint with these settings. */
const endpoint = (settings: string) => `endpoints: {e: {url: 'https://a.example', ${settings}}}`;
const E = "endpoints: {e: {url: 'https://a.example', ".length + 1;

describe('parseHooks() reports', () => {
  it.each<[string, string[]]>([
    [
      'hooks: [',
      [
        '1:9 not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    ['a: "https://x.example/s3cret', ['1:29 not valid YAML: missing closing "quote']],
    ['- a\ns3cret: c', ['2:1 not valid YAML: unexpected scalar at node end']],
    [
      'hooks: |s3cret\n x',
      expect.arrayContaining(['1:9 not valid YAML: block scalar header includes extra characters']),
    ],
    ['hooks: "\\s3cret"', ['1:9 not valid YAML: invalid escape sequence']],
    ['hooks:\n\ta: b', ['2:1 not valid YAML: tabs are not allowed as indentation']],
    [
      'a: b\n---\nc: d',
      ["2:1 a second document begins here; a hooks file is one document, so remove this '---'"],
    ],
    ['hooks: !env X', ['1:8 tags (!…) are not supported here']],
    ['%YAML 9.9\n---\n', ['1:7 this % directive is not supported here']],
    ['hooks: {}\nhooks: {}', ["2:1 duplicate key 'hooks'"]],
    ['hooks: {a b: [], a b: []}', expect.arrayContaining(['1:18 duplicate key'])],
    ['? [a]\n: b', ['1:3 a key must be a name, not a list or a map']],
    ['hooks: *x', ["1:8 nothing above is named by the anchor '&…' that this alias '*…' refers to"]],
    ['hooks: &x {a: *x}', ['1:15 this alias contains itself']],
    ['hooks: &x {a: *x, b: *x, "no name": 7}\nfoo: 1', ['1:15 this alias contains itself']],
    ['- a', ["1:1 a hooks file begins with 'hooks:'; found a list"]],
    ['https://a.example', ["1:1 a hooks file begins with 'hooks:'; found text"]],
    ['hooks: [a]', ["1:8 'hooks' must be a map with a hook's name on each line; found a list"]],
    ['endpoints: 1', ["1:12 'endpoints' must be a map with an endpoint's name on each line; found a number"]],
    ['defaults: true', ["1:11 'defaults' must be a map of settings; found true or false"]],
    ['hoks: {}', ["1:1 unknown key 'hoks'; did you mean 'hooks'?"]],
    ['https://a.example/s3cret: {}', ['1:1 unknown key; known here: hooks, endpoints, defaults']],
    [
      'hooks: {a: [1, [], ~]}',
      [13, 16, 20].map(
        (at, i) =>
          `1:${at} this must be a URL, an endpoint's name, or a map with a 'url'; found ${['a number', 'a list', 'nothing'][i]}`,
      ),
    ],
    ['hooks: {a: [{}]}', ["1:13 this endpoint has no 'url'"]],
    ['hooks: {a: [{from: {sql: {}}}]}', ["1:14 'from' is not supported by this version of capnhook"]],
    [
      'hooks: {a: chta}\nendpoints: {chat: https://a.example}',
      ["1:12 undefined endpoint 'chta'; did you mean 'chat'?"],
    ],
    [
      'hooks: {a: banana}',
      ["1:12 undefined endpoint 'banana'; define it under 'endpoints:' or write its URL"],
    ],
    [
      'hooks: {a: hooks.slack.com/services/s3cret}',
      ["1:12 this is neither a URL (https://…) nor an endpoint's name"],
    ],
    ['hooks: {a: whsec_s3cret}', ["1:12 undefined endpoint; define it under 'endpoints:' or write its URL"]],
    ['hooks: {a: ftp://a.example/s3cret}', ['1:12 the URL does not begin with https:// or http://']],
    ['hooks: {a: https://}', ['1:12 the URL has no host']],
    [
      'hooks: {a: "https://a.example/#s3cret"}',
      ['1:12 the URL has a fragment (from # on), which is never sent'],
    ],
    ['hooks: {a: "https://a.example/s3 cret"}', ['1:12 the URL contains white space or a control character']],
    ['endpoints: {a: a.example}', ['1:16 the URL does not begin with https:// or http://']],
    ['endpoints: {a: ""}', ['1:16 the URL is empty']],
    [
      'endpoints: {a: 1}\nhooks: {x: a}',
      ["1:16 an endpoint must be a URL or a map with a 'url'; found a number"],
    ],
    [
      'endpoints: {a: {url: 1}}',
      ["1:22 'url' must be a URL or a reference such as {env: NAME}; found a number"],
    ],
    ['endpoints: {a: {timeout: 1s}}', ["1:16 this endpoint has no 'url'"]],
    [
      'hooks: {a b: []}',
      [
        "1:9 bad hook name; it takes letters, digits, '_', '-' and single dots, at most 128, and begins with no dot or dash",
      ],
    ],
    [
      'hooks: {"b*": []}',
      ["1:9 bad hook name 'b*'; in a pattern a whole segment is '*' or '**', as in 'build.*'"],
    ],
    [
      'endpoints: {a.b: https://a.example}',
      [
        "1:13 bad endpoint name 'a.b'; it takes letters, digits, '_' and '-', at most 64, and begins with no dash",
      ],
    ],
    [
      'endpoints: {a: https://a.example, A: https://b.example}',
      ["1:35 'a' and 'A' differ only by case, which some file systems do not keep; rename one"],
    ],
    [endpoint('tiemout: 1s'), [`1:${E} unknown key 'tiemout'; did you mean 'timeout'?`]],
    [
      endpoint('timeout: 20'),
      [`1:${E + 9} 'timeout' must be a duration such as 500ms, 20s, 5m, 2h or 3d; found a number`],
    ],
    [
      endpoint('timeout: 20y'),
      [`1:${E + 9} bad duration; write a number and a unit, such as 500ms, 20s, 5m, 2h or 3d, at most 365d`],
    ],
    [endpoint('timeout: 0s'), [`1:${E + 9} 'timeout' must be from 1ms to 24h`]],
    [endpoint('timeout: 2d'), [`1:${E + 9} 'timeout' must be from 1ms to 24h`]],
    [
      endpoint('giveUpAfter: []'),
      [`1:${E + 13} 'giveUpAfter' must be a duration such as 500ms, 20s, 5m, 2h or 3d; found a list`],
    ],
    ...['0', '257', '1.5', '.nan', '-1'].map((n): [string, string[]] => [
      endpoint(`concurrency: ${n}`),
      [`1:${E + 13} 'concurrency' must be a whole number from 1 to 256`],
    ]),
    ...['10', '0/s', '1/w', '10001/s', '1.5/s', '-1/s', '1 /s', '"01/s"'].map((rate): [string, string[]] => [
      endpoint(`rate: ${rate}`),
      rate === '10'
        ? [
            `1:${E + 6} 'rate' must be a rate such as 10/s, 100/m, 1000/h or 5000/d, or 'none'; found a number`,
          ]
        : [
            `1:${E + 6} bad rate; write a number from 1 to 10000 and a unit, such as 10/s, 100/m, 1000/h or 5000/d, or write 'none'`,
          ],
    ]),
    [endpoint('order: fifo'), [`1:${E + 7} 'order' must be 'any' or 'strict'`]],
    [endpoint('order: strict, onFailure: stop'), [`1:${E + 26} 'onFailure' must be 'block' or 'skip'`]],
    [endpoint('onFailure: skip'), [`1:${E + 11} 'onFailure' has a meaning only with 'order: strict'`]],
    [
      endpoint('order: strict, concurrency: 2'),
      [`1:${E + 28} in strict order 'concurrency' can only be 1; leave it out`],
    ],
    [
      endpoint('onChange: page'),
      [`1:${E + 10} 'onChange' must be a map with 'command', or 'none'; found text`],
    ],
    [
      endpoint('onChange: {}'),
      [`1:${E + 10} 'onChange' must be a map with 'command', or 'none'; found a map`],
    ],
    [endpoint('onChange: {comand: [x]}'), [`1:${E + 11} unknown key 'comand'; did you mean 'command'?`]],
    ...['page', '[]'].map((command): [string, string[]] => [
      endpoint(`onChange: {command: ${command}}`),
      [
        `1:${E + 20} 'command' must be a list: a program and its arguments; found ${command === '[]' ? 'a list' : 'text'}`,
      ],
    ]),
    [
      endpoint('onChange: {command: [page, 1]}'),
      [`1:${E + 27} each part of 'command' must be text; found a number`],
    ],
    ...['bin/page', './page', '""'].map((program): [string, string[]] => [
      endpoint(`onChange: {command: [${program}]}`),
      [`1:${E + 21} the program must be a name that is looked up in PATH, or an absolute path`],
    ]),
    [endpoint('onChange: {command: [page, "a\\0"]}'), [`1:${E + 27} a part of a command cannot hold a NUL`]],
    ...['0', '4097', '1.5', '.nan'].map((n): [string, string[]] => [
      `defaults: {maxInFlight: ${n}}`,
      ["1:25 'maxInFlight' must be a whole number from 1 to 4096"],
    ]),
    ['defaults: {alert: "a b"}', ["1:19 'alert' must be the name of a hook, such as capnhook.trouble"]],
    ['defaults: {alert: 1}', ["1:19 'alert' must be the name of a hook; found a number"]],
    [
      'hooks: {a: [], b: https://b.example}\ndefaults: {alert: a}',
      ["2:19 nobody is registered for the hook of 'alert': alerts would be lost"],
    ],
    [
      'hooks: {"*": https://b.example}\ndefaults: {alert: "**"}',
      ["2:19 'alert' must be the name of a hook, such as capnhook.trouble"],
    ],
    [
      endpoint('maxInFlight: 5'),
      [
        `1:${E} unknown key 'maxInFlight'; known here: url, headers, sign, timeout, concurrency, rate, order, onFailure, giveUpAfter, retry, onChange`,
      ],
    ],
    [
      endpoint('concurrency: many'),
      [`1:${E + 13} 'concurrency' must be a whole number from 1 to 256; found text`],
    ],
    [endpoint('retry: 5s'), [`1:${E + 7} 'retry' must be a map with 'schedule' or 'jitter'; found text`]],
    [endpoint('retry: {schedule: 5s}'), [`1:${E + 18} 'schedule' must be a list of durations; found text`]],
    [endpoint('retry: {schedule: []}'), [`1:${E + 18} 'schedule' must have from 1 to 50 waits`]],
    [
      endpoint(`retry: {schedule: [${'1s, '.repeat(51)}]}`),
      [`1:${E + 18} 'schedule' must have from 1 to 50 waits`],
    ],
    [
      endpoint('retry: {schedule: [1s, 5]}'),
      [
        `1:${E + 23} a wait in 'schedule' must be a duration such as 500ms, 20s, 5m, 2h or 3d; found a number`,
      ],
    ],
    [endpoint('retry: {jitter: 1.1}'), [`1:${E + 16} 'jitter' must be from 0 to 1 (0.2 is ±20 %)`]],
    [endpoint('retry: {jitter: no}'), [`1:${E + 16} 'jitter' must be a number from 0 to 1; found text`]],
    [
      endpoint('sign: whsec_s3cret'),
      [`1:${E + 6} 'sign' takes secrets by reference: {env: NAME} or {file: PATH}; found text`],
    ],
    [
      endpoint('sign: [{env: ""}, {env: $X}, {env: 1}, {}]'),
      [13, 24, 35]
        .map(
          (at, i) =>
            `1:${E + at} ${i === 2 ? "'env' must be text; found a number" : "'env' must be the name of an environment variable, such as AUDIT_SECRET, not its value"}`,
        )
        .sort()
        .concat([`1:${E + 39} a reference has exactly one of 'env', 'file' and 'credential'`]),
    ],
    [
      endpoint('sign: {env: A, file: /b}'),
      [`1:${E + 6} a reference has exactly one of 'env', 'file' and 'credential'`],
    ],
    [endpoint('sign: {evn: A}'), [`1:${E + 7} unknown key 'evn'; did you mean 'env'?`]],
    [
      endpoint('sign: {file: secrets/s3cret}'),
      [`1:${E + 13} 'file' must be an absolute path: it must not depend on the working directory`],
    ],
    [
      endpoint('sign: {credential: ../x}'),
      [`1:${E + 19} 'credential' must be the name of a systemd credential, not a path or a value`],
    ],
    [endpoint('headers: []'), [`1:${E + 9} 'headers' must be a map of names and values; found a list`]],
    [
      endpoint('headers: {X: 1}'),
      [
        `1:${E + 13} a header's value must be text (put a number in quotes) or a reference such as {env: NAME}; found a number`,
      ],
    ],
    [endpoint('headers: {"X Y": a}'), [`1:${E + 10} bad header name; it takes letters, digits and dashes`]],
    [
      endpoint('headers: {X: "a\\r\\nB: s3cret"}'),
      [
        `1:${E + 13} bad header value; it must be one line, without control characters or characters beyond Latin-1`,
      ],
    ],
    [
      endpoint('headers: {X: "€"}'),
      [
        `1:${E + 13} bad header value; it must be one line, without control characters or characters beyond Latin-1`,
      ],
    ],
    ...[
      'Bearer $TOKEN',
      `\${TOKEN}`,
      '{env: TOKEN}',
      '$TOKEN',
      'token=$s3cret',
      `a \${{ secrets.s3cret }}`,
    ].map((value): [string, string[]] => [
      endpoint(`headers: {X: "${value}"}`),
      [
        `1:${E + 13} variables in a header value are not expanded; for the whole value write {env: NAME} without quotes`,
      ],
    ]),
    ...['$TOKEN', `a\${s3cret}b`, 'x?t=$TOKEN'].map((path): [string, string[]] => [
      `hooks: {a: "https://a.example/${path}"}`,
      [
        "1:12 variables in a URL are not expanded; write 'url: {env: NAME}' if the variable holds the whole URL",
      ],
    ]),
    [
      endpoint('headers: {Host: "https://s3cret.example/"}'),
      [`1:${E + 16} the header 'host' must be a host, such as api.example or api.example:8443`],
    ],
    ['hooks: {a: "http://a.example:0/"}', ['1:12 the port of the URL is 0, on which no server can listen']],
    [endpoint('headers: {X-A: a, x-a: b}'), [`1:${E + 18} duplicate header 'x-a'`]],
    [
      'hooks:\n  a: {url: https://a.example, timeout: 1s}\n  b: {url: https://A.example/, timeout: 2s}',
      ['3:6 this URL is defined above with other settings; define it once, and use its name'],
    ],
    [
      'hooks:\n  b: {url: https://A.example/, timeout: 2s}\nendpoints: {a: https://a.example}',
      ["2:6 this URL is defined as the endpoint 'a' with other settings; define it once, and use its name"],
    ],
  ])('parseHooks() reports what is wrong with %j', (text, expected) => {
    const problems = problemsOf(text);
    expect(problems).toEqual(expected);
    expect(problems.join()).not.toContain('s3cret');
  });

  it.each([
    ...[
      'Content-Length',
      'content-type',
      'Transfer-Encoding',
      'connection',
      'upgrade',
      'expect',
      'keep-alive',
    ],
    ...[
      'te',
      'trailer',
      'Webhook-Id',
      'webhook-timestamp',
      'webhook-signature',
      'capnhook-hook',
      'capnhook-attempt',
    ],
  ])('parseHooks() reserves the header %s', (name) => {
    const message = `the header '${name.toLowerCase()}' is set by capnhook; remove it here`;
    expect(problemsOf(endpoint(`headers: {${name}: x}`))).toEqual([`1:${E + 10} ${message}`]);
  });

  it('parseHooks() lets an endpoint set its user-agent', () => {
    expect(problemsOf(endpoint('headers: {User-Agent: x}'))).toEqual([]);
  });

  it.each('auth tls network allow deny trustProxy staleFor'.split(' '))(
    'parseHooks() says that %s is for a later version',
    (key) => {
      const message = `'${key}' is not supported by this version of capnhook`;
      expect(problemsOf(endpoint(`${key}: x`))).toEqual([`1:${E} ${message}`]);
      expect(problemsOf(`${key}: x`)).toEqual([`1:1 ${message}`]);
      expect(problemsOf(`defaults: {${key}: x}`)).toEqual([`1:12 ${message}`]);
    },
  );

  it('parseHooks() accepts the same settings for a URL twice', () => {
    expect(
      problemsOf(
        'hooks:\n  a: {url: https://a.example, timeout: 1s}\n  b: {url: https://A.example/, timeout: 1000ms}',
      ),
    ).toEqual([]);
  });

  it('parseHooks() reports every problem in one go, in the order of the file', () => {
    const text =
      '\uFEFFhooks:\r\n  a b: [nope, 5]\r\nendpoints:\r\n  x: {url: ftp://x, tls: 1/s}\r\ndefaults: {timeout: 5}\r\n';
    expect(problemsOf(text).map((problem) => problem.split(' ')[0])).toEqual([
      '2:3',
      '2:9',
      '2:15',
      '4:12',
      '4:21',
      '5:21',
    ]);
  });

  it('parseHooks() reports a thousand problems and counts the rest', () => {
    const problems = problemsOf(
      `hooks:\n${Array.from({ length: 1_500 }, (_, n) => `  a${n}: x${n}\n`).join('')}`,
    );
    expect(problems).toHaveLength(1_001);
    expect(problems.at(-1)).toContain('and 500 more problems');
  });
});

describe('parseHooks() on any text', () => {
  const word = fc.constantFrom(
    'hooks',
    'endpoints',
    'defaults',
    'a',
    'url',
    'https://a.example',
    'sign',
    'retry',
    '5s',
    '1',
    '&x',
    '*x',
    '!t',
    '~',
  );
  const mark = fc.constantFrom(
    ': ',
    ':',
    '- ',
    '\n',
    '\n  ',
    '\n    ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '"',
    "'",
    '#',
    ' ',
    '? ',
    '|',
    '---',
    '\t',
    '\r\n',
    '%',
  );
  const text = fc.array(fc.oneof(word, mark), { maxLength: 40 }).map((parts) => parts.join(''));

  it('parseHooks() never throws, and places each problem in the file', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: anyCharacter })), (any) => {
        const parsed = parseHooks(any);
        const places = parsed.ok
          ? []
          : parsed.problems.map(({ line = 0, column = 0 }) => line * 1_000 + column);
        expect(places).toEqual([...places].sort((a, b) => a - b));
        expect(places.every((place) => place >= 1_001)).toBe(true);
        if (!parsed.ok) expect(parsed.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: measure(1_000, 3_000) },
    );
  });

  it('addRegistration() is right for whatever parseHooks() accepts', () => {
    fc.assert(
      fc.property(text, (any) => {
        for (const accepted of [any, `hooks:\n  ${any}`, `hooks: {a: ${any}}`].filter(
          (one) => parseHooks(one).ok,
        )) {
          const { text: added } = addRegistration(accepted, { hook: 'new', url: 'https://new.example' });
          const { text: back } = removeRegistration(added, { target: 'https://new.example' });
          expect(hooksOf(back).registrations).toEqual(hooksOf(accepted).registrations);
        }
      }),
      { numRuns: measure(1_000, 3_000) },
    );
  });
});

/** What grows with the square of its input, or faster, would take hours here. */
describe('parseHooks() stays within bounds', { timeout: 90_000 }, () => {
  it('parseHooks() stops at aliases of aliases of aliases', () => {
    const levels = Array.from(
      { length: 30 },
      (_, n) => `  a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]\n`,
    ).join('');
    expect(problemsOf(`hooks:\n  a0: &a0 [https://a.example]\n${levels}`)).toContainEqual(
      expect.stringContaining('the aliases up to here repeat more than 100000 values'),
    );
  });

  it('parseHooks() stops at a thousand aliases of a thousand URLs', () => {
    const aliases = Array.from({ length: 1_000 }, (_, n) => `  h${n}: *x\n`).join('');
    expect(problemsOf(`hooks:\n  a: &x [${'https://a.example, '.repeat(1_000)}]\n${aliases}`)).toHaveLength(
      1,
    );
  });

  it.each(['[', '{a: ', '- ', '? '])('parseHooks() stops at %j a hundred thousand times', (text) => {
    expect(problemsOf(text.repeat(100_000))).toEqual(['1:1 this is nested more than 64 levels deep']);
  });

  it('parseHooks() takes thirty thousand hooks, and as many mistakes', () => {
    const lines = (value: string) =>
      `hooks:\n${Array.from({ length: 30_000 }, (_, n) => `  h${n}: ${value}\n`).join('')}`;
    expect(problemsOf(lines('https://a.example'))).toEqual([]);
    expect(problemsOf(lines('nope'))).toHaveLength(1_001);
  });
});
