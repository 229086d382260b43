import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointIdOf } from '../../../src/endpoint/endpoint-id.js';
import { addRegistration, removeRegistration } from '../../../src/hooks/edit/edit-hooks.js';
import { says, Y } from './edited.js';

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
