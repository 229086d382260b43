import { appendFileSync, mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JournalEntry, JournalQuery, JournalReader } from '../../src/journal/journal.js';
import { toLine } from '../../src/journal/journal-line.js';
import { createJournalReader } from '../../src/journal/read-journal.js';
import { isoTime } from '../../src/shared/iso-time.js';
import { tempDir } from '../support/temp.js';

const noon = Date.parse('2026-11-23T12:00:00.000Z');

function entry(ms: number, event: string): JournalEntry {
  return { time: isoTime(ms), what: 'failed', event, hook: 'complete', endpoint: 'chat', status: 503 };
}

/** Writes `count` lines, one a second from `from`. @returns their ids */
function writeDay(
  path: string,
  { from, count, name }: { from: number; count: number; name: string },
): string[] {
  const ids = Array.from({ length: count }, (_, n) => `${name}_${n}`);
  writeFileSync(path, ids.map((id, n) => toLine(entry(from + n * 1000, id))).join(''));
  return ids;
}

async function idsOf(
  journal: JournalReader,
  query: JournalQuery = {},
  options: { latestFirst?: boolean } = {},
): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { event } of journal.entries(query, options)) ids.push(event);
  return ids;
}

describe('createJournalReader()', () => {
  it('entries() reads all days in order, or the latest line first', async () => {
    const directory = tempDir();
    const first = writeDay(`${directory}/2026-11-22.jsonl`, { from: noon - 86_400_000, count: 3, name: 'a' });
    const second = writeDay(`${directory}/2026-11-23.jsonl`, { from: noon, count: 4_000, name: 'b' });
    const journal = createJournalReader(directory);
    expect(await idsOf(journal)).toEqual([...first, ...second]);
    expect(await idsOf(journal, {}, { latestFirst: true })).toEqual([...first, ...second].reverse());
  });

  it.each([false, true])(
    'entries() finds the lines between two times of a long day, latest first: %s',
    async (latestFirst) => {
      const directory = tempDir();
      const ids = writeDay(`${directory}/2026-11-23.jsonl`, { from: noon, count: 20_000, name: 'a' });
      const journal = createJournalReader(directory);
      for (const [from, to] of [
        [0, 1],
        [12_345, 12_350],
        [19_990, 20_000],
        [0, 20_000],
        [7, 7],
      ] as const) {
        const query = { since: noon + from * 1000, until: noon + to * 1000 };
        const wanted = ids.slice(from, to);
        expect(await idsOf(journal, query, { latestFirst })).toEqual(latestFirst ? wanted.reverse() : wanted);
      }
    },
  );

  it('entries() finds lines that a clock set back by a minute has put out of order', async () => {
    const directory = tempDir();
    const times = Array.from({ length: 10_000 }, (_, n) => noon + n * 100 - (n % 2) * 50_000);
    writeFileSync(
      `${directory}/2026-11-23.jsonl`,
      times.map((time, n) => toLine(entry(time, `e${n}`))).join(''),
    );
    const since = noon + 700_000;
    const wanted = times.flatMap((time, n) => (time >= since ? [`e${n}`] : []));
    expect(await idsOf(createJournalReader(directory), { since })).toEqual(wanted);
  });

  it('entries() of a text reads the lines in which it stands', async () => {
    const directory = tempDir();
    writeDay(`${directory}/2026-11-23.jsonl`, { from: noon, count: 5_000, name: 'a' });
    appendFileSync(`${directory}/2026-11-23.jsonl`, toLine(entry(noon, 'a_4321')));
    const journal = createJournalReader(directory);
    expect(await idsOf(journal, { mentions: '"a_4321"' })).toEqual(['a_4321', 'a_4321']);
    expect(await idsOf(journal, { mentions: '"a_0"' })).toEqual(['a_0']);
    expect(await idsOf(journal, { mentions: 'nothing' })).toEqual([]);
  });

  it('entries() leaves out lines that are torn, changed or far too long', async () => {
    const directory = tempDir();
    const path = `${directory}/2026-11-23.jsonl`;
    const lines = ['a', 'b', 'c', 'd'].map((id) => toLine(entry(noon, id))) as [
      string,
      string,
      string,
      string,
    ];
    const changed = lines[1].replace('503', '200');
    const long = `${'x'.repeat(1_000_000)}\n`;
    writeFileSync(
      path,
      `${lines[0]}${lines[1].slice(0, 40)}\n${changed}${long}${lines[2]}${lines[3].slice(0, -20)}`,
    );
    for (const latestFirst of [false, true]) {
      const wanted = latestFirst ? ['c', 'a'] : ['a', 'c'];
      expect(await idsOf(createJournalReader(directory), {}, { latestFirst })).toEqual(wanted);
    }
  });

  it('entries() goes past files of other names, links, and days that were pruned meanwhile', async () => {
    const directory = tempDir();
    writeDay(`${directory}/2026-11-21.jsonl`, { from: noon - 172_800_000, count: 2, name: 'a' });
    writeDay(`${directory}/2026-11-22.jsonl`, { from: noon - 86_400_000, count: 2, name: 'b' });
    writeFileSync(`${directory}/2026-11-23.jsonl.gz`, 'compressed');
    writeFileSync(`${directory}/notes.txt`, toLine(entry(noon, 'x')));
    symlinkSync(`${directory}/2026-11-21.jsonl`, `${directory}/2026-11-20.jsonl`);
    mkdirSync(`${directory}/2026-11-19.jsonl`);
    const found: unknown[] = [];
    for await (const { event } of createJournalReader(directory).entries()) {
      if (found.length === 0) unlinkSync(`${directory}/2026-11-22.jsonl`);
      found.push(event);
    }
    expect(found).toEqual(['a_0', 'a_1']);
    expect(await idsOf(createJournalReader(`${directory}/missing`))).toEqual([]);
  });

  it('follow() yields what is there, what is appended, and what a new day brings, each once', async () => {
    const directory = tempDir();
    const day = `${directory}/2026-11-23.jsonl`;
    writeFileSync(day, toLine(entry(noon, 'early')) + toLine(entry(noon + 5_000, 'there')));
    const torn = toLine(entry(noon + 6_000, 'torn'));
    const steps: Record<string, () => void> = {
      there: () => appendFileSync(day, torn.slice(0, 30)),
      torn: () =>
        appendFileSync(`${directory}/2026-11-24.jsonl`, toLine(entry(noon + 43_200_000, 'new day'))),
      'new day': () => appendFileSync(day, toLine(entry(noon + 43_199_999, 'late'))),
      late: () => appendFileSync(`${directory}/2026-11-24.jsonl`, toLine(entry(noon + 43_200_001, 'last'))),
    };
    const end = new AbortController();
    const found: unknown[] = [];
    for await (const { event } of createJournalReader(directory).follow({ since: noon + 1 }, end.signal)) {
      found.push(event);
      steps[String(event)]?.();
      if (event === 'there') setTimeout(() => appendFileSync(day, torn.slice(30)), 300);
      if (event === 'last') setTimeout(() => end.abort(), 300);
    }
    expect(found).toEqual(['there', 'torn', 'new day', 'late', 'last']);
  });

  it('follow() begins a file again that was replaced', async () => {
    const directory = tempDir();
    const day = `${directory}/2026-11-23.jsonl`;
    const end = new AbortController();
    const found: unknown[] = [];
    writeFileSync(day, toLine(entry(noon, 'a')) + toLine(entry(noon, 'b')));
    for await (const { event } of createJournalReader(directory).follow({}, end.signal)) {
      found.push(event);
      if (event === 'b') {
        renameSync(day, `${day}.1`);
        writeFileSync(day, toLine(entry(noon, 'c')));
      }
      if (event === 'c') end.abort();
    }
    expect(found).toEqual(['a', 'b', 'c']);
  });
});
