/** Rows of a table that are printed while they come, a few at a time, so that columns stand below each other. */
import type { Io } from '../io/io.js';
import { renderTable, type TableOptions, widthsOf } from './table.js';

/** Maximum time between a row and its printing, in ms. */
const FLUSH_MS = 50;

/** Maximum number of rows that are printed together. */
const MAX_ROWS = 256;

export interface RowStreamOptions<T> extends Omit<TableOptions, 'paint' | 'width'> {
  /** The cells of an item. */
  cells(item: T): readonly string[];
  /** Colours a cell; default: no colours. */
  paint?(cell: string, item: T, column: number): string;
}

/**
 * Prints items as rows, cut to the width of a terminal; elsewhere they are whole.
 * @returns how many; it ends early where the reader has closed standard output
 */
export async function printRows<T>(
  items: AsyncIterable<T>,
  io: Pick<Io, 'print' | 'terminalSize'>,
  { cells, paint, widths: least = [], ...options }: RowStreamOptions<T>,
): Promise<number> {
  const width = io.terminalSize()?.columns;
  let widths = [...least];
  return printBatches(items, (batch) => {
    const rows = batch.map(cells);
    widths = widthsOf(
      rows.map((row) => row.slice(0, -1)),
      widths,
    );
    const table: TableOptions = { ...options, widths, width };
    if (paint !== undefined) table.paint = (cell, { row, column }) => paint(cell, batch[row]!, column);
    return io.print(renderTable(rows, table));
  });
}

/**
 * Gives items to `print` in batches, each item soon after it came, until that returns false.
 * @returns how many were given
 */
export async function printBatches<T>(
  items: AsyncIterable<T>,
  print: (batch: readonly T[]) => boolean,
): Promise<number> {
  let batch: T[] = [];
  let count = 0;
  let isOpen = true;
  let failure: { error: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const rows = batch;
    batch = [];
    try {
      if (rows.length > 0) isOpen = print(rows);
    } catch (error) {
      failure = { error };
    }
  };
  try {
    for await (const item of items) {
      batch.push(item);
      count += 1;
      if (batch.length >= MAX_ROWS) flush();
      else timer ??= setTimeout(flush, FLUSH_MS);
      if (!isOpen || failure !== undefined) break;
    }
  } finally {
    flush();
  }
  if (failure !== undefined) throw failure.error;
  return count;
}
