import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pruneJournal } from '../../src/journal/prune-journal.js';
import { tempDir } from '../support/temp.js';

const dayMs = 86_400_000;
const now = Date.parse('2026-11-30T12:00:00.000Z');

function directoryWith(...names: string[]): string {
  const directory = tempDir();
  for (const name of names) writeFileSync(join(directory, name), '');
  return directory;
}

describe('pruneJournal()', () => {
  it('pruneJournal() removes days that ended longer ago than they are kept, rotated ones too', () => {
    const kept = ['2026-10-31.jsonl', '2026-11-30.jsonl', '2027-01-01.jsonl'];
    const directory = directoryWith(...kept, '2026-10-30.jsonl', '2026-10-30.jsonl.gz', '2025-01-01.jsonl.1');
    pruneJournal(directory, { now, keepMs: () => 30 * dayMs });
    expect(readdirSync(directory).sort()).toEqual(kept);
  });

  it('pruneJournal() leaves all other names, directories and links alone', () => {
    const names = ['2020-01-01.jsonl~', '2020-01-01.json', 'x2020-01-01.jsonl', '2020-13-01.jsonl', 'notes'];
    const directory = directoryWith(...names);
    mkdirSync(join(directory, '2020-01-02.jsonl'));
    symlinkSync('notes', join(directory, '2020-01-03.jsonl'));
    pruneJournal(directory, { now, keepMs: () => 0 });
    expect(readdirSync(directory).sort()).toEqual([...names, '2020-01-02.jsonl', '2020-01-03.jsonl'].sort());
  });

  it('pruneJournal() keeps the day at hand, however short days are kept', () => {
    const directory = directoryWith('2026-11-29.jsonl', '2026-11-30.jsonl');
    pruneJournal(directory, { now, keepMs: () => 0 });
    expect(readdirSync(directory)).toEqual(['2026-11-30.jsonl']);
  });

  it('pruneJournal() asks for how long days are kept only where there is an old one', () => {
    const directory = directoryWith('2026-11-30.jsonl');
    pruneJournal(directory, {
      now,
      keepMs() {
        throw new Error('it was asked');
      },
    });
    pruneJournal(join(directory, 'missing'), { now, keepMs: () => 0 });
    expect(readdirSync(directory)).toEqual(['2026-11-30.jsonl']);
  });
});
