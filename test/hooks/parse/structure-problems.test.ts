import { describe, expect, it } from 'vitest';
import { problemsOf } from './parsed.js';

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
