import { describe, expect, it } from 'vitest';
import { endpointIdOf } from '../../../src/endpoint/endpoint-id.js';
import { remove, says, Y } from './edited.js';

const X = 'https://x.example/';

describe('removeRegistration()', () => {
  it.each<[string, string, string]>([
    [
      'a block list',
      `hooks:\n  a:\n    # c\n    - ${X} # gone\n    - ${Y} # d\n`,
      `hooks:\n  a:\n    # c\n    - ${Y} # d\n`,
    ],
    [
      'the end of a block list',
      `hooks:\r\n  a:\r\n    - ${Y}\r\n    - ${X}`,
      `hooks:\r\n  a:\r\n    - ${Y}\r\n`,
    ],
    [
      'a block list with a map',
      `hooks:\n  a:\n    - url: ${X}\n      timeout: 1s # gone\n    # c\n    - ${Y}\n`,
      `hooks:\n  a:\n    # c\n    - ${Y}\n`,
    ],
    ['the start of a flow list', `hooks: {a: [${X}, ${Y}]}`, `hooks: {a: [${Y}]}`],
    ['the end of a flow list', `hooks: {a: [ ${Y}, "${X}" ]} # c`, `hooks: {a: [ ${Y} ]} # c`],
    [
      'the middle of a flow list',
      `hooks: {a: [${Y}, ${X}, https://z.example]}`,
      `hooks: {a: [${Y}, https://z.example]}`,
    ],
    [
      'a flow list where it is twice',
      `hooks: {a: [${X}, {url: ${X}}, ${Y}, ${X}, "${X}", n]}\nendpoints: {n: ${X}}`,
      `hooks: {a: [${Y}]}\nendpoints: {n: ${X}}`,
    ],
    [
      'a flow list on lines',
      `hooks:\n  a: [\n    ${Y}, # c\n    "${X}", # gone\n  ]\n`,
      `hooks:\n  a: [\n    ${Y}, # c\n  ]\n`,
    ],
    ['a whole entry', `hooks:\n  # c\n  a: [${X}] # gone\n\n  b: [${Y}]\n`, `hooks:\n  # c\n\n  b: [${Y}]\n`],
    [
      'a whole block entry',
      `hooks:\n  # c\n  a:\n    - ${X}\n  # d\n  b: [${Y}]\n`,
      `hooks:\n  # c\n  # d\n  b: [${Y}]\n`,
    ],
    ['a single URL', `hooks:\n  a: ${X}\n  b: [${Y}]\n`, `hooks:\n  b: [${Y}]\n`],
    [
      'the last entry',
      `hooks: # c\n  # d\n  a:\n    - ${X}\ndefaults:\n`,
      `hooks: {} # c\n  # d\ndefaults:\n`,
    ],
    ['an entry of a flow map', `hooks: {a: ${X}, b: ${Y}}`, `hooks: {b: ${Y}}`],
    ['the last entry of a flow map', `hooks: {"a": ["${X}"]}`, 'hooks: {}'],
    ['several hooks', `hooks:\n  a: [${X}]\n  b: [${Y}, ${X}]\n  c: [${X}]\n`, `hooks:\n  b: [${Y}]\n`],
    [
      'a list and its aliases',
      `hooks:\n  b: &x [${X}, ${Y}]\n  c: *x\n`,
      `hooks:\n  b: &x [${Y}]\n  c: *x\n`,
    ],
    ['a byte order mark', `\uFEFFhooks:\n  a: ${X}\n  b: []\n`, '\uFEFFhooks:\n  b: []\n'],
  ])('removeRegistration() edits %s in place', (_, before, after) => {
    expect(remove(before, 'HTTPS://X.example').text).toBe(after);
    says(after);
  });

  it.each<[string, string, string | undefined]>([
    ['one of two hooks with the same list', `# c\nhooks:\n  a: &x [${X}, ${Y}]\n  b: *x\n`, 'a'],
    ['the list that an alias stands for', `# c\nhooks:\n  a: &x [${X}]\n  b: *x\n`, 'a'],
    ['the alias of a list', `# c\nhooks:\n  b: &x [${X}, ${Y}]\n  a: *x\n`, 'a'],
    ['an anchored URL', `# c\nhooks:\n  a: [&u ${X}, ${Y}]\n  b: [*u]\n`, 'a'],
    ['everything in an anchored map', `# c\nhooks: &h\n  a: ${X}\n`, undefined],
    ['an explicit key', `# c\nhooks:\n  ? a\n  : - ${X}\n    - ${Y}\n  ? b\n  : ${X}\n`, undefined],
    ['a comment between items', `hooks: {a: [${Y} # c\n   , ${X}], b: []}\n`, undefined],
  ])('removeRegistration() is right for %s, whatever the layout becomes', (_, before, hook) => {
    const { text } = remove(before, X, hook);
    expect(text).toContain('# c');
    const meant = Object.entries(says(before)).map(([name, ids]) => {
      return [
        name,
        hook === undefined || hook === name ? ids.filter((id) => id !== endpointIdOf(X)) : ids,
      ] as const;
    });
    expect(says(text)).toEqual(
      Object.fromEntries(
        meant.filter(([name, ids]) => ids.length > 0 || (name === 'b' && before.includes('b: []'))),
      ),
    );
  });

  const file = `hooks:
  a: [${X}, chat, secret]
  b: [named, https://X.example]
  c: {url: {env: HOOK}}
endpoints:
  named: ${X}
  chat: {url: {env: CHAT}}
  secret: {url: {file: /run/s}, sign: {env: S}}
`;
  it.each<[string, string | undefined, string[], string[]]>([
    [X, undefined, ['a', 'b'], ['chat secret', '', 'env']],
    ['named', undefined, ['a', 'b'], ['chat secret', '', 'env']],
    ['named', 'b', ['b'], ['named chat secret', '', 'env']],
    [endpointIdOf(X), undefined, ['a', 'b'], ['chat secret', '', 'env']],
    ['chat', undefined, ['a'], ['named secret', 'named', 'env']],
    ['chat', 'b', [], ['named chat secret', 'named', 'env']],
    ['chat', 'nope', [], ['named chat secret', 'named', 'env']],
    ['env~925d604f3c8d', undefined, ['c'], ['named chat secret', 'named', '']],
    ['nobody', undefined, [], ['named chat secret', 'named', 'env']],
    ['https://nobody.example', undefined, [], ['named chat secret', 'named', 'env']],
  ])('removeRegistration() removes %s from %s', (target, hook, removedFrom, left) => {
    const removed = remove(file, target, hook);
    expect(removed.removedFrom).toEqual(removedFrom);
    const said = says(removed.text);
    const ids = ['a', 'b', 'c'].map((name) =>
      (said[name] ?? []).map((id) => id.replace(/~.*/, '')).join(' '),
    );
    expect(ids).toEqual(left);
    expect(removed.text).toContain(file.slice(file.indexOf('endpoints:')));
  });
});
