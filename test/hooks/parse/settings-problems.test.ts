import { describe, expect, it } from 'vitest';
import { E, endpoint, problemsOf } from './parsed.js';

describe('parseHooks() reports', () => {
  it.each<[string, string[]]>([
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
      endpoint('sent: 7d'),
      [`1:${E + 6} 'sent' must be a map such as {keep: 7d, maxBytes: 1GiB}, or 'none'; found text`],
    ],
    [
      endpoint('sent: {maxBytes: 1000GB, keep: 1w}'),
      [`1:${E + 31} bad duration; write a number and a unit, such as 500ms, 20s, 5m, 2h or 3d, at most 365d`],
    ],
    [
      endpoint('sent: {maxBytes: 1g}'),
      [`1:${E + 17} bad size; write a number and a unit, such as 500MiB, 1GiB or 10GB`],
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
        `1:${E} unknown key 'maxInFlight'; known here: url, headers, sign, timeout, concurrency, rate, order, onFailure, giveUpAfter, retry, sent, onChange`,
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
});
