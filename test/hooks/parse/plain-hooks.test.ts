import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainTree } from '../../../src/hooks/parse/plain-hooks.js';
import { readDocument } from '../../../src/hooks/parse/yaml-source.js';
import { type Tree, toTree } from '../../../src/hooks/parse/yaml-tree.js';

/** The tree by the library; undefined where it finds a problem. */
function byLibrary(text: string): Tree | undefined {
  const { document, findings } = readDocument(text);
  if (document === undefined || findings.length > 0) return undefined;
  const read = toTree(document);
  return read.broken === undefined && read.findings.length === 0 ? read.tree : undefined;
}

const item = fc.constantFrom(
  'https://panda.dog.com/run',
  'http://127.0.0.1:8080/in/1?a=b&c=%20*!$@;x',
  'http://x/_',
  'chat',
  'No',
);
const comment = fc.constantFrom('', '   ', '# a comment: [x', '      # another');
const hook = fc
  .record({
    key: fc.constantFrom('complete', 'build.*', 'order.n1', 'Null', 'a'),
    items: fc.array(item, { minLength: 1, maxLength: 3 }),
    form: fc.constantFrom('flow', 'block', 'one'),
    comments: fc.array(comment, { maxLength: 2 }),
    indent: fc.constantFrom('', ' ', '    '),
  })
  .map(({ key, items, form, comments, indent }) => {
    if (form === 'flow') return [`  ${key}: [${items.join(', ')}]`, ...comments];
    if (form === 'one') return [`  ${key}: ${items[0]}`, ...comments];
    return [`  ${key}:`, ...comments, ...items.map((each) => `  ${indent}- ${each}`)];
  });
const others = fc.constantFrom(
  [],
  ['defaults: { concurrency: 32 }'],
  [
    'endpoints:',
    '  chat:',
    '    url: &u https://chat.example/',
    '  other: *u',
    'x-text: |',
    '  hooks:',
    '    a: b',
  ],
);
/** Files that people write, but for keys that occur twice. */
const plainFile = fc
  .record({
    before: fc.array(comment, { maxLength: 2 }),
    hooks: fc.array(hook, { minLength: 1, maxLength: 4 }),
    others,
  })
  .map((file) => [...file.before, 'hooks:', ...file.hooks.flat(), ...file.others].join('\n'));

/** Characters and pieces that mean something in YAML, or break a line. */
const piece = fc.constantFrom(
  ...[...' \n\t\r#:-,[]{}&*!|>%@`"\'?~\\aZ0.'],
  ...[
    ': ',
    ' #',
    '- ',
    '\n---\n',
    '\n...\n',
    '\n%x',
    '\u2028',
    '\u00a0',
    '\u0007',
    '\uFEFF',
    'true',
    'hooks:\n',
    '\n ',
    '<<: ',
  ],
);

describe('readPlainTree()', () => {
  it('readPlainTree() gives the tree that the library gives', () => {
    fc.assert(
      fc.property(plainFile, fc.constantFrom('\n', ''), (file, end) => {
        const text = file + end;
        const tree = readPlainTree(text);
        expect(tree).toEqual(byLibrary(text));
      }),
      { numRuns: 300 },
    );
  });

  it('readPlainTree() leaves every text to the library of which the library makes something else', () => {
    const slips = fc.array(fc.record({ at: fc.nat(), piece, removed: fc.nat({ max: 2 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(plainFile, slips, (file, all) => {
        let text = `${file}\n`;
        for (const slip of all) {
          const at = slip.at % (text.length + 1);
          text = text.slice(0, at) + slip.piece + text.slice(at + slip.removed);
        }
        const tree = readPlainTree(text);
        if (tree !== undefined) expect(tree).toEqual(byLibrary(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    'hooks:\n  a: http://x/y\n',
    'hooks:\n  a: [http://x/y, chat]\n',
    'hooks:\n  a:\n    - http://x/y\n    - chat',
    '# Who gets what.\n\nhooks:\n  # All.\n  build.*: [http://x/y]\n\n  b: c\ndefaults: { timeout: 5s }\n',
  ])('readPlainTree() reads %j', (text) => {
    expect(readPlainTree(text)).toEqual(byLibrary(text));
    expect(readPlainTree(text)).toBeDefined();
  });

  it.each([
    ['no hooks', 'hooks: {}\n'],
    ['a hook twice', 'hooks:\n  a: b\n  a: c\n'],
    ['hooks twice', 'hooks:\n  a: b\nhooks:\n  c: d\n'],
    ['a second document', 'hooks:\n  a: b\n---\nhooks: {}\n'],
    ['a text of two lines', 'hooks:\n  a: b\n    c\n'],
    ['a map', 'hooks:\n  a: {url: http://x/}\n'],
    ['another type', 'hooks:\n  a: true\n'],
    ['a comment beside an item', 'hooks:\n  a: http://x/ # c\n'],
    ['an anchor', 'hooks: &a\n  a: b\n'],
    ['a problem elsewhere', 'hooks:\n  a: b\ndefaults: *none\n'],
  ])('readPlainTree() leaves %s to the library', (_, text) => {
    expect(readPlainTree(text)).toBeUndefined();
  });
});
