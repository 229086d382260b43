import { describe, expect, it } from 'vitest';
import { printBatches, printRows } from '../../../src/cli/render/row-stream.js';

/** Gives items until it is ended, and counts them. */
function counting(limit = Infinity) {
  const state = { given: 0, isEnded: false };
  async function* items(): AsyncGenerator<string> {
    try {
      for (; state.given < limit; state.given += 1) yield `item-${state.given}`;
    } finally {
      state.isEnded = true;
    }
  }
  return { state, items: items() };
}

describe('printBatches()', () => {
  it('printBatches() asks for nothing more when the reader has gone', async () => {
    const { state, items } = counting();
    expect(await printBatches(items, () => false)).toBe(256);
    expect(state).toEqual({ given: 255, isEnded: true });
  });

  it('printBatches() prints an item soon, also where the next one does not come', async () => {
    const printed: string[] = [];
    let goOn = (): void => {};
    async function* items(): AsyncGenerator<string> {
      yield 'first';
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      yield 'second';
    }
    const count = await printBatches(items(), (batch) => {
      printed.push(batch.join());
      goOn();
      return true;
    });
    expect([count, printed]).toEqual([2, ['first', 'second']]);
  });

  it('printBatches() throws what printing throws, and ends the items', async () => {
    const { state, items } = counting();
    const failing = printBatches(items, () => {
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(state.isEnded).toBe(true);
  });
});

describe('printRows()', () => {
  it('printRows() keeps columns where they were, and cuts lines to a terminal', async () => {
    const printed: string[] = [];
    const io = {
      print(data: string | Uint8Array) {
        printed.push(String(data));
        return true;
      },
      terminalSize: () => ({ columns: 12, rows: 24 }),
    };
    const { items } = counting(300);
    await printRows(items, io, { cells: (item) => [item, `${item.length} characters`], widths: [2] });
    const lines = printed.join('').trimEnd().split('\n');
    expect(lines).toHaveLength(300);
    expect(lines[0]).toBe('item-0    6…');
    expect(lines[299]).toBe('item-299  8…');
  });
});
