import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/command-table.js';
import { documentsIn, misfits, schemaNames } from '../support/json-schemas.js';
import { fencesOf, pageAt } from './markdown.js';

const page = pageAt('docs/json.md');
const sections = new Map(
  page.text
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
);
/** What prints no data, or prints data that is not JSON. */
const without = new Set(['shellenv']);

describe('docs/json.md and schemas/', () => {
  test('have every command', () => {
    const names = commands.map(({ name }) => name).filter((name) => !without.has(name));
    expect([...sections.keys()]).toEqual(expect.arrayContaining(names));
    expect(schemaNames).toEqual(expect.arrayContaining(names));
  });

  test.each([...sections])('the examples of %s fit its schema', (name, text) => {
    const examples = fencesOf({ path: page.path, text }).filter(({ mark }) => mark === 'json');
    const documents = examples.flatMap(({ lines }) => documentsIn(`${lines.join('\n')}\n`));
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) expect(misfits(name, document)).toEqual([]);
  });
});
