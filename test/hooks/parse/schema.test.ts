import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { endpointDefaults } from '../../../src/endpoint/endpoint.js';
import { loadHooks } from '../../../src/hooks/file/hooks-file.js';
import { parseHooks } from '../../../src/hooks/parse/parse-hooks.js';
import { tempDir } from '../../support/temp.js';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const example = read('hooks.example.yaml');
const validate = new Ajv2020({ allErrors: true, strictTypes: false }).compile(
  JSON.parse(read('hooks.schema.json')),
);

describe('hooks.example.yaml', () => {
  it('parseHooks() accepts the example', () => expect(parseHooks(example)).toMatchObject({ ok: true }));
  it('hooks.schema.json accepts the example', () =>
    expect(validate(parse(example)) || validate.errors).toBe(true));
  it('parseHooks() reads the example’s defaults as the ones that are built in', () => {
    const parsed = parseHooks(example);
    expect(parsed.ok && parsed.hooks.defaults).toEqual(endpointDefaults);
  });
});

/** What the schema is given: `hooks`, which it demands, is not what these tests are about. */
const whole = (text: string) => {
  const value: unknown = parse(text, { uniqueKeys: false });
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? { hooks: {}, ...value } : value;
};

const e = (settings: string) => `endpoints: {e: {url: "https://a.example", ${settings}}}`;
const reserved =
  'content-length content-type transfer-encoding connection upgrade expect keep-alive te trailer webhook-id webhook-timestamp webhook-signature capnhook-hook capnhook-attempt';

describe('hooks.schema.json', () => {
  it.each([
    ...[
      'hooks: {}',
      'hooks: {a: }',
      'hooks: {a: []}',
      'hooks: {a: https://a.example}',
      'endpoints:',
      'defaults:',
    ],
    ...[
      'hooks: {a: [{url: HTTP://a.example}]}',
      'hooks: {a: {url: {env: X}}}',
      'hooks: {"a.*": [], "**": [], "*.b.**.c": []}',
    ],
    ...[
      'hooks: {a: e}\nendpoints: {e: https://a.example}',
      'defaults: {timeout: 1s, retry: {jitter: 1}}',
      'defaults: {retry: {}}',
    ],
    e('timeout: 1.5s, concurrency: 256, giveUpAfter: 0s, retry: {schedule: [0ms], jitter: 0}'),
    e(
      'headers: {User-Agent: x, X_y: "", Z: {file: /x}, T: "a\\tb", L: ü}, sign: [{env: A}, {credential: b.c}]',
    ),
    e('rate: 10000/s, order: any, onChange: {command: [a]}'),
    e('rate: none, onChange: none, sent: none'),
    e('sent: {keep: 1.5d, maxBytes: 10MB}'),
    'defaults: {sent: {}}',
    e('rate: 1/d, order: strict, onFailure: skip, onChange: {command: [/bin/a, "", "b c"]}'),
    'hooks: {a: https://a.example}\ndefaults: {maxInFlight: 1, alert: a, onFailure: skip, rate: 5/h}',
    'defaults: {hold: {keep: 0s}}',
    'defaults: {journal: {keep: 90d}}',
    'defaults: {dead: {keep: 365d}}',
    'defaults: {hold: {}}',
    'defaults: {unclaimed: drop}',
    'defaults: {unclaimed: {}}',
    'defaults: {unclaimed: {keep: 1.5h}}',
    e('sign: {file: /a}'),
    e('sign: []'),
    e('headers: {tea: x, hosts: y}'),
  ])('hooks.schema.json and parseHooks() both accept %j', (text) => {
    expect(parseHooks(text)).toMatchObject({ ok: true });
    expect(validate(whole(text)) || validate.errors).toBe(true);
  });

  it.each([
    ...[
      '[]',
      '1',
      'text',
      'hoks: {}',
      'from: {}',
      'hooks: []',
      'hooks: 1',
      'endpoints: []',
      'defaults: 1',
      'hooks: {a: 1}',
    ],
    ...[
      'hooks: {a: [1]}',
      'hooks: {a: [[]]}',
      'hooks: {a: [~]}',
      'hooks: {a: {}}',
      'hooks: {a: "x y"}',
      'hooks: {a: ftp://x}',
    ],
    ...[
      'hooks: {"a b": []}',
      'hooks: {"a*": []}',
      'hooks: {"a..b": []}',
      'hooks: {".a": []}',
      'hooks: {"": []}',
    ],
    ...[
      'endpoints: {a.b: https://a.example}',
      'endpoints: {a: }',
      'endpoints: {a: name}',
      'endpoints: {a: {timeout: 1s}}',
    ],
    ...['defaults: {maxInFlight: 0}', 'defaults: {maxInFlight: 4097}', 'defaults: {alert: "a b"}'],
    ...[
      'defaults: {hold: 30d}',
      'defaults: {hold: {keep: 30}}',
      'defaults: {hold: {for: 30d}}',
      'defaults: {dead: 30d}',
    ],
    ...['defaults: {journal: 30d}', 'defaults: {journal: {keep: drop}}'],
    ...['defaults: {unclaimed: keep}', 'defaults: {unclaimed: {keep: 3}}'],
    ...['defaults: {headers: {}}', 'defaults: {url: https://a.example}', 'endpoints: {a: "https://a b"}'],
    ...[
      'url: 1',
      'rate: ~',
      'rate: None',
      'onChange: ~',
      'onChange: nobody',
      'rate: 1',
      'rate: 10001/s',
      'rate: 0/s',
      'rate: 1/w',
      'order: fifo',
      'order: strict, onFailure: x',
      'order: strict, concurrency: 2',
      'onChange: x',
      'sent: 7d',
      'sent: ~',
      'sent: {keep: 7}',
      'sent: {maxBytes: 1000}',
      'sent: {maxBytes: 1gib}',
      'sent: {for: 7d}',
      'onChange: {}',
      'onChange: {command: []}',
      'onChange: {command: a}',
      'onChange: {command: [a/b]}',
      'onChange: {command: [""]}',
      'onChange: {command: [a, 1]}',
      'maxInFlight: 5',
      'alert: a',
      'timeout: 20',
      'timeout: 20y',
      'timeout: ',
      'giveUpAfter: -1s',
      'concurrency: 0',
    ].map(e),
    ...['concurrency: 257', 'concurrency: 1.5', 'concurrency: "4"', 'retry: 1', 'retry: {schedule: []}'].map(
      e,
    ),
    ...[
      'retry: {schedule: [1]}',
      'retry: {jitter: 1.1}',
      'retry: {jitter: -0.1}',
      'retry: {waits: [1s]}',
      'retry: ',
    ].map(e),
    e(`retry: {schedule: [${'1s, '.repeat(51)}]}`),
    ...[
      'sign: whsec_x',
      'sign: [x]',
      'sign: {}',
      'sign: {env: ""}',
      'sign: {env: a-b}',
      'sign: {file: x}',
      'sign: ',
    ].map(e),
    ...[
      'sign: {file: ""}',
      'sign: {credential: a/b}',
      'sign: {credential: ..}',
      'sign: {env: A, file: /b}',
      'sign: {x: y}',
    ].map(e),
    ...[
      'headers: []',
      'headers: ',
      'headers: {X: 1}',
      'headers: {X: "a\\nb"}',
      'headers: {X: "€"}',
      'headers: {"a b": x}',
      'headers: {X: "Bearer $TOKEN"}',
      `headers: {X: "a\${TOKEN}"}`,
      'headers: {X: "{env: TOKEN}"}',
    ].map(e),
    ...reserved
      .split(' ')
      .flatMap((name) => [e(`headers: {${name}: x}`), e(`headers: {${name.toUpperCase()}: x}`)]),
  ])('hooks.schema.json and parseHooks() both refuse %j', (text) => {
    expect(parseHooks(text)).toMatchObject({ ok: false });
    expect(validate(whole(text))).toBe(false);
  });

  it.each(['', 'hooks:', 'endpoints:', 'defaults: {timeout: 1s}'])(
    'hooks.schema.json and loadHooks() both refuse %j, which register may add to',
    async (text) => {
      const path = join(tempDir(), 'hooks.yaml');
      writeFileSync(path, text);
      await expect(loadHooks(path)).rejects.toMatchObject({ code: 'HOOKS_FILE' });
      expect(parseHooks(text)).toMatchObject({ ok: true });
      expect(validate(parse(text))).toBe(false);
    },
  );
});
