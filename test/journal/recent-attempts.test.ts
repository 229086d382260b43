import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createFileJournal } from '../../src/journal/file-journal.js';
import type { JournalEntry } from '../../src/journal/journal.js';
import { countRecentAttempts } from '../../src/journal/recent-attempts.js';
import { tempDir } from '../support/temp.js';

const now = Date.parse('2026-11-23T00:30:00.000Z');

/** A line with its members in the order in which a drain writes them. */
function entry({ ago, ...over }: Partial<JournalEntry> & { ago: number }): JournalEntry {
  const time = new Date(now - ago).toISOString();
  const { ms = 12, ...rest } = over;
  const before = {
    time,
    what: 'delivered',
    event: 'evt_1',
    hook: 'complete',
    endpoint: 'chat',
    attempt: 1,
  } as const;
  return { ...before, ...rest, ms: 'ms' in over ? over.ms : ms };
}

function journalOf(entries: readonly JournalEntry[]): string {
  const directory = tempDir();
  const journal = createFileJournal(directory, () => {});
  for (const each of entries) journal.write(each);
  journal.close();
  return directory;
}

const options = { now, windowsMs: [60_000, 3_600_000] };

describe('countRecentAttempts()', () => {
  it('countRecentAttempts() counts attempts and failures of each endpoint, also before midnight', async () => {
    const directory = journalOf([
      entry({ ago: 3_600_001 }),
      entry({ ago: 3_600_000 }),
      entry({
        ago: 1_800_001,
        what: 'failed',
        status: 503,
        answer: 'busy, "ms":7,"sum":"0123456789abcdef"}',
      }),
      entry({ ago: 60_000, what: 'gone', status: 410 }),
      entry({ ago: 59_000, what: 'rejected', status: 400, hook: undefined }),
      entry({ ago: 1_000, endpoint: 'a.example~0123456789ab' }),
    ]);
    expect(Object.fromEntries(await countRecentAttempts(directory, options))).toEqual({
      chat: [
        { attempts: 2, failures: 2 },
        { attempts: 4, failures: 3 },
      ],
      'a.example~0123456789ab': [
        { attempts: 1, failures: 0 },
        { attempts: 1, failures: 0 },
      ],
    });
  });

  it('countRecentAttempts() counts no lines of other kinds, and none that is torn', async () => {
    const directory = journalOf([
      entry({ ago: 10, what: 'aborted', error: 'ABORTED' }),
      entry({ ago: 9, what: 'gave-up', attempt: undefined, ms: undefined }),
      entry({ ago: 8, what: 'unclaimed', endpoint: undefined }),
      entry({ ago: 7 }),
    ]);
    const [path] = [`${directory}/2026-11-23.jsonl`];
    appendFileSync(path, '{"time":"2026-11-23T00:29:59.999Z","what":"delivered","endpoint":"chat","ms":1');
    expect(Object.fromEntries(await countRecentAttempts(directory, options))).toMatchObject({
      chat: [{ attempts: 1, failures: 0 }, { attempts: 1 }],
    });
  });

  it('countRecentAttempts() finds none where there is no journal, and reads no strange files', async () => {
    const directory = tempDir();
    expect(await countRecentAttempts(`${directory}/none`, options)).toEqual(new Map());
    mkdirSync(`${directory}/2026-11-23.jsonl`);
    writeFileSync(`${directory}/notes.jsonl`, 'x');
    expect(await countRecentAttempts(directory, options)).toEqual(new Map());
  });
});
