/** Tables for people: columns that stand below each other. */
import { safe } from './text.js';

export interface TableOptions {
  /** Columns that are aligned to the right, counted from 0; default: none. */
  right?: readonly number[];
  /** Maximum width of a line, in characters; longer ones are cut. Default: none is. */
  width?: number | undefined;
  /** Minimum widths of the columns, such as {@link widthsOf} earlier rows; default 0. */
  widths?: readonly number[];
  /** Colours a cell, which is aligned already; default: no colours. */
  paint?(cell: string, at: { row: number; column: number }): string;
}

/** What stands at the end of a line that was cut. */
const ellipsis = '…';

/** The width that each column needs, in characters; at least that of `least`. */
export function widthsOf(rows: ReadonlyArray<readonly string[]>, least: readonly number[] = []): number[] {
  const widths = [...least];
  for (const cells of rows)
    for (const [column, cell] of cells.entries())
      widths[column] = Math.max(widths[column] ?? 0, lengthOf(safe(cell)));
  return widths;
}

/**
 * Renders rows of cells as lines, each with its line break. Two spaces stand between columns, and no space at the end.
 * Control characters of foreign text show, and never act.
 */
export function renderTable(
  texts: ReadonlyArray<readonly string[]>,
  { right = [], width = Infinity, paint = (cell) => cell, widths: least }: TableOptions = {},
): string {
  const rows = texts.map((cells) => cells.map(safe));
  const widths = widthsOf(rows, least);
  const lines = rows.map((cells, row) => {
    let left = width;
    const line = cells.map((cell, column) => {
      const gap = column === 0 ? '' : '  ';
      const fill = ' '.repeat((widths[column] ?? 0) - lengthOf(cell));
      const isLast = column === cells.length - 1;
      const text = right.includes(column) ? fill + cell : cell + (isLast ? '' : fill);
      const shown = cut(gap + text, left);
      left -= lengthOf(shown);
      return paint(shown, { row, column });
    });
    return `${line.join('').trimEnd()}\n`;
  });
  return lines.join('');
}

function cut(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? '' : characters.slice(0, width - 1).join('') + ellipsis;
}

function lengthOf(text: string): number {
  return [...text].length;
}
