/** Rows of a table that are printed while they come, a few at a time, so that columns stand below each other. */
import type { Io } from '../io/io.js';
import { createTable, type TableOptions } from './table.js';

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
  { cells, paint, ...options }: RowStreamOptions<T>,
): Promise<number> {
  let shown: readonly T[] = [];
  const table: TableOptions = { ...options, width: io.terminalSize()?.columns };
  if (paint !== undefined) table.paint = (cell, { row, column }) => paint(cell, shown[row]!, column);
  const render = createTable(table);
  return printBatches(items, (batch) => {
    shown = batch;
    return io.print(render(batch.map(cells)));
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
