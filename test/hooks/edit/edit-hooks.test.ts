import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointIdOf } from '../../../src/endpoint/endpoint-id.js';
import { addRegistration, removeRegistration } from '../../../src/hooks/edit/edit-hooks.js';
import { parseHooks } from '../../../src/hooks/parse/parse-hooks.js';

const Y = 'https://y.example/in';
const add = (text: string, hook = 'a', url = Y) => addRegistration(text, { hook, url });
const remove = (text: string, target: string, hook?: string) =>
  removeRegistration(text, { target, ...(hook === undefined ? {} : { hook }) });

/** What the file says, by ids. */
function says(text: string): Record<string, string[]> {
  const parsed = parseHooks(text);
  if (!parsed.ok) throw new Error(`${JSON.stringify(parsed.problems)} in\n${text}`);
  return Object.fromEntries(
    parsed.hooks.registrations.map(({ pattern, endpoints }) => [pattern, endpoints.map(({ id }) => id)]),
  );
}

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

describe('addRegistration() and removeRegistration() on any file', () => {
  const hook = fc.constantFrom('a', 'build.failed', '"build.*"', "'b'", '404');
  const eol = fc.constantFrom('\n', '\r\n');
  const item = fc
    .integer({ min: 1, max: 9 })
    .chain((n) =>
      fc.constantFrom(
        `https://x.example/${n}`,
        `"https://x.example/${n}"`,
        `{url: 'https://x.example/${n}'}`,
        'chat',
      ),
    );
  const block = (items: string[]) =>
    `\n${items.map((one, n) => `    # above ${n}\n    - ${one} # beside ${n}\n`).join('')}`;
  const lined = (items: string[]) =>
    ` [\n${items.map((one, n) => `    ${one}, # beside ${n}\n`).join('')}  ]\n`;
  const list = fc.tuple(fc.array(item, { minLength: 1, maxLength: 4 }), fc.nat(3)).map(([items, style]) => {
    return [block(items), lined(items), ` [${items.join(', ')}] # beside\n`, ` ${items[0]}\n`][style]!;
  });
  const files = fc
    .tuple(
      fc.uniqueArray(fc.tuple(hook, list), { selector: ([name]) => name, maxLength: 5 }),
      eol,
      fc.boolean(),
    )
    .map(([entries, newline, end]) => {
      const hooks = entries.map(([name, items]) => `  # above ${name}\n  ${name}:${items}`).join('');
      const text = `# top\nhooks: # hooks\n${hooks}# middle\nendpoints: {chat: {url: {env: C}}}${end ? '\n# end\n' : ''}`;
      return text.replaceAll('\n', newline);
    });
  const names = fc.constantFrom('a', 'b', 'build.failed', 'build.*', '404', 'new', '**');
  const comments = (text: string) => text.match(/# [^\r\n]*/g) ?? [];

  it('addRegistration() adds one receiver, keeps every line, and does nothing the second time', () => {
    fc.assert(
      fc.property(files, names, (text, name) => {
        const added = addRegistration(text, { hook: name, url: Y });
        const before = says(text);
        expect(says(added.text)).toEqual({
          ...before,
          [name]: [...new Set([...(before[name] ?? []), endpointIdOf(Y)])],
        });
        expect(comments(added.text)).toEqual(comments(text));
        expect(added.text.replaceAll('\r\n', '').includes('\n')).toBe(!text.includes('\r\n'));
        expect(addRegistration(added.text, { hook: name, url: `${Y}/../in` })).toEqual({
          text: added.text,
          changed: false,
        });
      }),
      { numRuns: 500 },
    );
  });

  it('removeRegistration() takes back what addRegistration() did, and keeps every comment', () => {
    fc.assert(
      fc.property(files, names, (text, name) => {
        const { text: added } = addRegistration(text, { hook: name, url: Y });
        const { text: back, removedFrom } = removeRegistration(added, { target: Y });
        expect(removedFrom).toEqual([name]);
        expect(says(back)).toEqual(says(text));
        expect(comments(back)).toEqual(comments(text));
      }),
      { numRuns: 500 },
    );
  });

  it('removeRegistration() leaves nothing of the target and all of the rest', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 9 }), (text, n) => {
        const target = `https://x.example/${n}`;
        const id = endpointIdOf(target);
        const { text: left, removedFrom } = removeRegistration(text, { target });
        const before = Object.entries(says(text));
        expect(removedFrom).toEqual(
          expect.arrayContaining(before.filter(([, ids]) => ids.includes(id)).map(([name]) => name)),
        );
        const meant = before.map(([name, ids]) => [name, ids.filter((one) => one !== id)] as const);
        expect(says(left)).toEqual(Object.fromEntries(meant.filter(([, ids]) => ids.length > 0)));
      }),
      { numRuns: 500 },
    );
  });
});
