import { describe, expect, it } from 'vitest';
import { endpointIdOf } from '../../../src/endpoint/endpoint-id.js';
import { add, remove, says, Y } from './edited.js';

describe('addRegistration()', () => {
  it.each<[string, string, string]>([
    ['an empty file', '', `hooks:\n  a:\n    - ${Y}\n`],
    ['comments alone', '# mine', `# mine\nhooks:\n  a:\n    - ${Y}`],
    ['a document start', '---\n', `---\nhooks:\n  a:\n    - ${Y}\n`],
    ['a byte order mark', '\uFEFF', `\uFEFFhooks:\n  a:\n    - ${Y}\n`],
    ['no hooks', 'defaults: {timeout: 1s} # c\n', `defaults: {timeout: 1s} # c\nhooks:\n  a:\n    - ${Y}\n`],
    ['hooks with nothing', 'hooks: # c\n# d\ndefaults:\n', `hooks: # c\n  a:\n    - ${Y}\n# d\ndefaults:\n`],
    ['hooks with nothing at the end', 'hooks:', `hooks:\n  a:\n    - ${Y}`],
    ['hooks: null', 'hooks: null # c\n', `hooks: # c\n  a:\n    - ${Y}\n`],
    ['hooks: {}', 'hooks: {} # c\r\n', `hooks: # c\r\n  a:\r\n    - ${Y}\r\n`],
    [
      'a block list',
      'hooks:\n  a:\n    - https://x.example # c\n\n  b: []\n',
      `hooks:\n  a:\n    - https://x.example # c\n    - ${Y}\n\n  b: []\n`,
    ],
    [
      'a block list without indent',
      'hooks:\n  a:\n  - "https://x.example"',
      `hooks:\n  a:\n  - "https://x.example"\n  - "${Y}"`,
    ],
    [
      'a block list in single quotes',
      "hooks:\n a:\n  - 'https://x.example'\n",
      `hooks:\n a:\n  - 'https://x.example'\n  - '${Y}'\n`,
    ],
    [
      'a block list that ends with a map',
      'hooks:\n  a:\n    - url: https://x.example\n      timeout: 1s # c\n',
      `hooks:\n  a:\n    - url: https://x.example\n      timeout: 1s # c\n    - ${Y}\n`,
    ],
    [
      'a block list that ends with a block text',
      'hooks:\n  a:\n    - >-\n      https://x.example\n  b: []\n',
      `hooks:\n  a:\n    - >-\n      https://x.example\n    - ${Y}\n  b: []\n`,
    ],
    [
      'a flow list',
      'hooks: \n  a: [https://x.example] # c\n',
      `hooks: \n  a: [https://x.example, ${Y}] # c\n`,
    ],
    ['an empty flow list', 'hooks:\n  a: []\n', `hooks:\n  a: [${Y}]\n`],
    [
      'a flow list in quotes',
      '{"hooks": {"a": ["https://x.example"]}}',
      `{"hooks": {"a": ["https://x.example", "${Y}"]}}`,
    ],
    [
      'a flow list on lines',
      'hooks:\n  a: [\n    https://x.example # c\n  ]\n',
      `hooks:\n  a: [\n    https://x.example, # c\n    ${Y}\n  ]\n`,
    ],
    [
      'a flow list on lines with a last comma',
      'hooks:\n  a: [\n    https://x.example, # c\n  ]\n',
      `hooks:\n  a: [\n    https://x.example, # c\n    ${Y},\n  ]\n`,
    ],
    ['a hook with nothing', 'hooks:\n  a: # c\n  b: []\n', `hooks:\n  a: # c\n    - ${Y}\n  b: []\n`],
    [
      'a single URL',
      'hooks:\n  a: https://x.example # c\n',
      `hooks:\n  a:\n    - https://x.example # c\n    - ${Y}\n`,
    ],
    [
      'a single URL on its line',
      'hooks:\n  a:\n    https://x.example\n',
      `hooks:\n  a:\n    - https://x.example\n    - ${Y}\n`,
    ],
    [
      'a single map',
      'hooks:\n  a:\n    url: https://x.example # c\n\n    # d\n    timeout: 1s\n',
      `hooks:\n  a:\n    - url: https://x.example # c\n\n      # d\n      timeout: 1s\n    - ${Y}\n`,
    ],
    [
      'a single flow map',
      'hooks:\n  a: {url: https://x.example}\n',
      `hooks:\n  a:\n    - {url: https://x.example}\n    - ${Y}\n`,
    ],
    [
      'a single URL in a flow map',
      'hooks: {a: https://x.example, b: []}',
      `hooks: {a: [https://x.example, ${Y}], b: []}`,
    ],
    [
      'another hook in a block map',
      'hooks:\n    b:\n      - https://x.example # c\n# d\nendpoints:\n',
      `hooks:\n    b:\n      - https://x.example # c\n    a:\n      - ${Y}\n# d\nendpoints:\n`,
    ],
    [
      'another hook among flow lists',
      "hooks:\n  'b': ['https://x.example']\n",
      `hooks:\n  'b': ['https://x.example']\n  a: ['${Y}']\n`.replace('  a', "  'a'"),
    ],
    ['another hook in a flow map', 'hooks: {b: []}\n', `hooks: {b: [], a: [${Y}]}\n`],
    ['an empty flow file', '{defaults: }', `{defaults: , hooks: {a: [${Y}]}}`],
    [
      'an alias of a list',
      'hooks:\n  b: &x [https://x.example, {url: "https://z.example", timeout: 1s}]\n  a: *x # c\n',
      `hooks:\n  b: &x [https://x.example, {url: "https://z.example", timeout: 1s}]\n  a: ["https://x.example", {"url": "https://z.example", "timeout": "1s"}, "${Y}"] # c\n`,
    ],
    [
      'an alias of a URL',
      'hooks:\n  b: &x https://x.example\n  a: *x\n',
      `hooks:\n  b: &x https://x.example\n  a: ["https://x.example", "${Y}"]\n`,
    ],
  ])('addRegistration() edits %s in place', (_, before, after) => {
    expect(add(before)).toEqual({ text: after, changed: true });
    expect(says(after).a).toContain(endpointIdOf(Y));
  });

  it.each<[string, string]>([
    ['a list that other hooks share', '# c\nhooks:\n  a: &x [https://x.example]\n  b: *x\n'],
    ['an explicit key', '# c\nhooks:\n  ? a\n  : - https://x.example\n  ? b\n  : []\n'],
    ['an explicit last key', '# c\nhooks:\n  ? b\n  : - https://x.example\n'],
    ['a value with a tag', '# c\nhooks:\n  a: !!str https://x.example\n'],
    ['an explicit null', '# c\nnull\n'],
    ['hooks with nothing in a flow map', '# c\n{hooks: }\n'],
    ['hooks without a value', '# c\n{hooks}\n'],
    ['a hook without a value', '# c\nhooks: {a}\n'],
    ['a document end', '# c\nhooks: {b: }\n...\n'],
    ['a closed document', '# c\r\n---\r\n...\r\n'],
    ['a shared map of hooks', '# c\nhooks: &h\n  b: &u https://x.example\n  c: [*u]\n'],
    ['a hook with nothing in a flow map', '# c\nhooks: {a: , b: []}\n'],
    ['a hook without a value before others', '# c\nhooks: {a, b: []}\n'],
    ['a comment behind an alias', 'hooks:\n  a: &x [https://x.example]\n  b: *x # c\n'],
    ['a comment behind an alias of all hooks', 'endpoints: &e {b: https://x.example}\nhooks: *e # c\n'],
    ['a comma in a plain URL', '# c\nhooks: {b: [], a: "https://x.example/?a=1,2"}\n'],
  ])('addRegistration() is right for %s, whatever the layout becomes', (_, before) => {
    const { text, changed } = add(before);
    expect(changed).toBe(true);
    expect(text).toContain('# c');
    const [earlier, { a = [], ...others }] = [says(before), says(text)];
    expect(a).toEqual([...(earlier.a ?? []), endpointIdOf(Y)]);
    expect(others).toEqual(Object.fromEntries(Object.entries(earlier).filter(([hook]) => hook !== 'a')));
    expect(add(text)).toEqual({ text, changed: false });
  });

  it.each([
    'hooks: {a: https://y.example/in}',
    'hooks: {a: [HTTPS://Y.example:443/in]}',
    'hooks: {a: [{url: https://y.example/in, timeout: 1s}]}',
    'hooks: {a: [named]}\nendpoints: {named: https://y.example/in}',
    'hooks: {b: &x [https://y.example/in], a: *x}',
  ])('addRegistration() changes nothing where the URL is registered: %s', (text) => {
    expect(add(text)).toEqual({ text, changed: false });
  });

  it('addRegistration() takes the name of an endpoint', () => {
    const text = 'endpoints:\n  named: {url: {env: X}}\nhooks:\n  a: []\n';
    expect(add(text, 'a', 'named').text).toBe(text.replace('[]', '[named]'));
    expect(add('hooks: {a: [named]}\nendpoints: {named: {url: {env: X}}}', 'a', 'named').changed).toBe(false);
    expect(add(`hooks: {a: [${Y}]}\nendpoints: {named: ${Y}}`, 'a', 'named').changed).toBe(false);
  });

  it.each(['build.*', '**', '404', 'true', 'no', 'null', '1e3', '__proto__', 'x'])(
    'addRegistration() quotes the hook %s as needed',
    (hook) => {
      for (const text of ['', 'hooks: {b: []}', 'hooks:\n  b: []\n']) {
        expect(
          says(add(text, hook).text)[hook] ?? Object.entries(says(add(text, hook).text)).at(-1)![1],
        ).toEqual([endpointIdOf(Y)]);
      }
    },
  );

  it.each(['https://y.example/?a=1,2&b={c}[d]:\'"%20', 'https://y.example/a:', 'https://y.example/ü*&!'])(
    'addRegistration() quotes the URL %s as needed',
    (url) => {
      for (const text of [
        '',
        'hooks: {a: []}',
        "hooks: {a: ['https://x.example']}",
        'hooks:\n  a: https://x.example\n',
      ]) {
        expect(says(add(text, 'a', url).text).a!.at(-1)).toBe(endpointIdOf(url));
      }
    },
  );

  it('addRegistration() refuses a bad hook, a bad URL and an unknown name', () => {
    expect(() => add('', 'a b')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(() => add('', 'a', 'ftp://x')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(() => add('', 'a', 'named')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(() => add('hooks: {a: chat}\nendpoints: {chat: "https://x/"}', 'a', 'caht')).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'Did you mean chat?' }),
    );
  });

  it('addRegistration() refuses to edit a broken file', () => {
    const broken = { code: 'HOOKS_FILE', problems: [expect.objectContaining({ line: 1 })] };
    expect(() => add('hoks: {}')).toThrow(expect.objectContaining(broken));
    expect(() => remove('hoks: {}', Y)).toThrow(expect.objectContaining(broken));
  });
});
