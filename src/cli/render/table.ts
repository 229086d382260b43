/** Tables for people: columns that stand below each other. */
import { safe } from './text.js';

export interface TableOptions {
  /** Columns that are aligned to the right, counted from 0; default: none. */
  right?: readonly number[];
  /** Maximum width of a line, in characters; longer ones are cut. Default: none is. */
  width?: number | undefined;
  /** Minimum widths of the columns, in characters; default 0. */
  widths?: readonly number[];
  /** Colours a cell, which is aligned already; default: no colours. */
  paint?(cell: string, at: { row: number; column: number }): string;
}

/** What stands at the end of a line that was cut. */
const ellipsis = '…';

const surrogate = /[\ud800-\udfff]/;

/**
 * Renders rows of cells as lines, each with its line break. Two spaces stand between columns, and no space at the end.
 * Control characters of foreign text show, and never act.
 */
export function renderTable(rows: ReadonlyArray<readonly string[]>, options: TableOptions = {}): string {
  return createTable(options)(rows);
}

/** Makes a table of which some rows are rendered at a time, as {@link renderTable}; columns never become narrower. */
export function createTable({
  right = [],
  width = Infinity,
  widths: least = [],
  paint = (cell) => cell,
}: TableOptions): (rows: ReadonlyArray<readonly string[]>) => string {
  const widths = [...least];

  /** Whether spaces stand before or behind a cell. */
  const isPadded = (cells: readonly string[], column: number): boolean =>
    column < cells.length - 1 || right.includes(column);

  function measure(cells: readonly string[]): void {
    for (const [column, cell] of cells.entries())
      if (isPadded(cells, column)) widths[column] = Math.max(widths[column] ?? 0, lengthOf(cell));
  }

  function render(cells: readonly string[], row: number): string {
    let line = '';
    let left = width;
    for (const [column, cell] of cells.entries()) {
      const fill = isPadded(cells, column) ? ' '.repeat((widths[column] ?? 0) - lengthOf(cell)) : '';
      const text = right.includes(column) ? fill + cell : cell + fill;
      const shown = cut(column === 0 ? text : `  ${text}`, left);
      if (left !== Infinity) left -= lengthOf(shown);
      line += paint(shown, { row, column });
    }
    return `${line.trimEnd()}\n`;
  }

  return (texts) => {
    const rows = texts.map((cells) => cells.map(safe));
    for (const cells of rows) measure(cells);
    return rows.map(render).join('');
  };
}

function cut(text: string, width: number): string {
  if (text.length <= width) return text; // a character is at least one unit of UTF-16
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? '' : characters.slice(0, width - 1).join('') + ellipsis;
}

/** The number of characters, most of which are one unit of UTF-16. */
function lengthOf(text: string): number {
  return surrogate.test(text) ? [...text].length : text.length;
}
