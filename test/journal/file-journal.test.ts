import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFileJournal } from '../../src/journal/file-journal.js';
import type { JournalEntry } from '../../src/journal/journal.js';
import { parseLine, toLine } from '../../src/journal/journal-line.js';
import { anyCharacter } from '../support/any-character.js';
import { tempDir } from '../support/temp.js';

function entry(over: Partial<JournalEntry> = {}): JournalEntry {
  return { time: '2026-11-23T12:00:00.000Z', what: 'delivered', event: 'evt_1', status: 200, ...over };
}

function silent(errno: string): void {
  throw new Error(`the journal failed: ${errno}`);
}

describe('createFileJournal()', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('write() holds lines back for 100 ms, then appends them, readable by the owner alone', () => {
    const directory = tempDir();
    const path = `${directory}/2026-11-23.jsonl`;
    const journal = createFileJournal(directory, silent);
    journal.write(entry());
    journal.write(entry({ event: 'evt_2' }));
    vi.advanceTimersByTime(99);
    expect(existsSync(path)).toBe(false);
    vi.advanceTimersByTime(1);
    expect(readFileSync(path, 'utf8')).toBe(toLine(entry()) + toLine(entry({ event: 'evt_2' })));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('write() holds back 255 lines at most', () => {
    const directory = tempDir();
    const journal = createFileJournal(directory, silent);
    for (let n = 0; n < 256; n += 1) journal.write(entry());
    expect(readFileSync(`${directory}/2026-11-23.jsonl`, 'utf8').split('\n')).toHaveLength(257);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('close() writes what is held back, each line into the file of its day', () => {
    const directory = tempDir();
    const journal = createFileJournal(directory, silent);
    const [before, after] = [
      entry({ time: '2026-11-23T23:59:59.999Z' }),
      entry({ time: '2026-11-24T00:00:00.000Z' }),
    ];
    for (const each of [before, after, before]) journal.write(each);
    journal.close();
    expect(readFileSync(`${directory}/2026-11-23.jsonl`, 'utf8')).toBe(toLine(before) + toLine(before));
    expect(readFileSync(`${directory}/2026-11-24.jsonl`, 'utf8')).toBe(toLine(after));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('write() begins a new line after one that a crash has torn', () => {
    const directory = tempDir();
    const path = `${directory}/2026-11-23.jsonl`;
    writeFileSync(path, toLine(entry()) + toLine(entry()).slice(0, 20));
    const journal = createFileJournal(directory, silent);
    journal.write(entry({ event: 'after' }));
    journal.close();
    journal.write(entry({ event: 'last' }));
    journal.close();
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => parseLine(line)?.event)).toEqual(['evt_1', undefined, 'after', 'last']);
  });

  it('write() tells of an error once, and goes on', () => {
    const directory = `${tempDir()}/journal`;
    const told: string[] = [];
    const journal = createFileJournal(directory, (errno) => told.push(errno));
    for (let n = 0; n < 2; n += 1) {
      journal.write(entry());
      vi.advanceTimersByTime(100);
    }
    expect(told).toEqual(['ENOENT']);
    mkdirSync(directory);
    journal.write(entry());
    journal.close();
    expect(readFileSync(`${directory}/2026-11-23.jsonl`, 'utf8')).toBe(toLine(entry()));
    expect(told).toEqual(['ENOENT']);
  });

  it('write() lets a bug through', () => {
    const journal = createFileJournal(tempDir(), silent);
    journal.write({ ...entry(), time: undefined as unknown as string });
    expect(() => journal.close()).toThrow(TypeError);
  });

  it('createFileJournal() leaves what is there as it is', () => {
    const directory = tempDir();
    appendFileSync(`${directory}/2026-11-23.jsonl`, '');
    const journal = createFileJournal(directory, silent);
    journal.close();
    expect(readFileSync(`${directory}/2026-11-23.jsonl`, 'utf8')).toBe('');
  });
});

describe('parseLine()', () => {
  const entries = fc.record(
    {
      time: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      what: fc.constantFrom('delivered' as const, 'failed' as const),
      event: fc.string(),
      hook: fc.string({ unit: 'grapheme' }),
      endpoint: fc.string(),
      attempt: fc.nat(),
      error: fc.string({ unit: anyCharacter }),
      ms: fc.nat(),
    },
    { requiredKeys: ['time', 'what'] },
  );

  it('parseLine() reads what toLine() wrote', () => {
    fc.assert(
      fc.property(entries, (written) => {
        expect(parseLine(toLine(written).slice(0, -1))).toEqual(written);
      }),
    );
  });

  it('parseLine() refuses a line with any byte changed, left out or put in', () => {
    fc.assert(
      fc.property(
        entries,
        fc.nat(),
        fc.nat(255),
        fc.constantFrom(0, 1),
        fc.constantFrom(0, 1),
        (written, at, byte, cut, put) => {
          const line = Buffer.from(toLine(written).slice(0, -1));
          const where = at % line.length;
          const insert = put === 1 ? [byte] : [];
          const changed = Buffer.concat([
            line.subarray(0, where),
            Buffer.from(insert),
            line.subarray(where + cut),
          ]);
          fc.pre(changed.toString() !== line.toString());
          expect(parseLine(changed.toString())).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('parseLine() refuses a line torn anywhere', () => {
    const line = toLine(entry()).slice(0, -1);
    for (let length = 0; length < line.length; length += 1) {
      expect(parseLine(line.slice(0, length))).toBeUndefined();
      if (length > 0) expect(parseLine(line.slice(length))).toBeUndefined();
    }
  });
});
