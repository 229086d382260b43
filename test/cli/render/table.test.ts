import { describe, expect, it } from 'vitest';
import { createTable, renderTable } from '../../../src/cli/render/table.js';

const rows = [
  ['endpoint', 'queued', 'state'],
  ['chat', '12000', 'parked: 503'],
  ['a', '7', 'ok'],
];

describe('renderTable', () => {
  it('renderTable() puts columns below each other, without spaces at the end', () => {
    expect(renderTable(rows, { right: [1] })).toBe(
      ['endpoint  queued  state', 'chat       12000  parked: 503', 'a              7  ok', ''].join('\n'),
    );
  });

  it('renderTable() cuts lines to the width of a terminal, and says where', () => {
    expect(renderTable(rows, { width: 20 }).split('\n')).toEqual([
      'endpoint  queued  s…',
      'chat      12000   p…',
      'a         7       ok',
      '',
    ]);
    for (let width = 0; width < 30; width += 1)
      for (const line of renderTable(rows, { width }).split('\n'))
        expect([...line].length).toBeLessThanOrEqual(width);
  });

  it('createTable() keeps the widths of earlier rows', () => {
    const render = createTable({});
    expect(render([['four', 'long']])).toBe('four  long\n');
    expect(render([['a', 'b']])).toBe('a     b\n');
  });

  it('renderTable() colours a cell after it was cut', () => {
    const paint = (cell: string) => `<${cell}>`;
    expect(renderTable([['long', 'word']], { width: 8, paint })).toBe('<long><  w…>\n');
  });

  it('renderTable() counts characters, not units of UTF-16', () => {
    expect(
      renderTable([
        ['😀', 'b'],
        ['ab', 'c'],
      ]),
    ).toBe('😀   b\nab  c\n');
  });

  it('renderTable() shows control characters of foreign text', () => {
    expect(renderTable([['a\u001b[2J\tb\n', 'c']])).toBe('a\\u{1b}[2J\\u{9}b\\u{a}  c\n');
  });
});
