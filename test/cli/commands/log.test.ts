import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/journal/journal.js';
import { toLine } from '../../../src/journal/journal-line.js';
import { log } from '../../../src/library/log.js';
import { documentsIn, misfits } from '../../support/json-schemas.js';
import { createPlace, type Place } from '../../support/place.js';

const noon = Date.parse('2026-11-23T12:00:00.000Z');

/** Attempts of an hour, one a minute: of `chat` every third is rejected, of `audit` every one fails. */
function journalled(): Place & { day: string } {
  const place = createPlace();
  mkdirSync(`${place.spool}/journal`, { recursive: true });
  const day = `${place.spool}/journal/2026-11-23.jsonl`;
  const lines = Array.from({ length: 60 }, (_, n): JournalEntry => {
    const common = { time: new Date(noon + n * 60_000).toISOString(), event: `e${n}`, attempt: 1, ms: 12 };
    if (n % 2 === 1)
      return { ...common, what: 'failed', hook: 'audited', endpoint: 'audit', error: 'ECONNREFUSED' };
    if (n % 3 === 0)
      return {
        ...common,
        what: 'rejected',
        hook: 'build.failed',
        endpoint: 'chat',
        status: 400,
        answer: 'no_text',
      };
    return { ...common, what: 'delivered', hook: 'build.done', endpoint: 'chat', status: 204 };
  });
  writeFileSync(day, lines.map(toLine).join(''));
  return Object.assign(place, { day });
}

async function documents(place: Place, ...argv: string[]): Promise<Array<Record<string, unknown>>> {
  const { code, stdout } = await place.run(['log', '--json', ...argv]);
  expect(code).toBe(0);
  const found = documentsIn(stdout) as Array<Record<string, unknown>>;
  for (const document of found) expect(misfits('log', document)).toEqual([]);
  return found;
}

describe('capnhook log', () => {
  it('log prints a line each, in which foreign text shows and never acts', async () => {
    const place = journalled();
    appendFileSync(
      place.day,
      toLine({ time: '2026-11-23T13:00:00.000Z', what: 'corrupt', event: 'bad.json', error: '\u001b[31m' }),
    );
    const { stdout, stderr, code } = await place.run(['log']);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(61);
    expect(lines[0]).toBe(
      '2026-11-23T12:00:00.000Z  rejected   chat          build.failed  e0        #1 400 12ms no_text',
    );
    expect(lines.at(-1)).toMatch(/^2026-11-23T13:00:00\.000Z {2}corrupt .* bad\.json {2}\\u\{1b\}\[31m$/);
  });

  it('log finds what its options name', async () => {
    const place = journalled();
    expect(await documents(place, '--failed')).toHaveLength(40);
    expect(await documents(place, '--endpoint', 'chat')).toHaveLength(30);
    expect(await documents(place, '--endpoint', 'chat', '--endpoint', 'audit')).toHaveLength(60);
    expect(await documents(place, '--hook', 'build.*', '--failed')).toHaveLength(10);
    expect(await documents(place, '--hook', 'audited')).toHaveLength(30);
    const [first] = await documents(place, '--since', '2026-11-23T12:59Z');
    expect(first).toEqual({
      version: 1,
      time: '2026-11-23T12:59:00.000Z',
      what: 'failed',
      event: 'e59',
      hook: 'audited',
      endpoint: { id: 'audit' },
      attempt: 1,
      reason: 'ECONNREFUSED',
      durationMs: 12,
    });
  });

  it('log --summary groups failed attempts by reason, the most frequent first', async () => {
    const place = journalled();
    expect(await documents(place, '--summary')).toEqual([
      expect.objectContaining({
        failures: 30,
        reason: 'ECONNREFUSED',
        endpoints: [{ endpoint: { id: 'audit' }, failures: 30 }],
        firstAt: '2026-11-23T12:01:00.000Z',
        lastAt: '2026-11-23T12:59:00.000Z',
        lastEvent: 'e59',
      }),
      expect.objectContaining({ failures: 10, reason: '400 no_text' }),
    ]);
    expect((await place.run(['log', '--summary', '--endpoint', 'chat'])).stdout).toMatch(
      /^10 × 400 no_text {2}chat \(10\) {2}last \d+d ago: e54\n$/,
    );
  });

  it.each([
    [['--since', 'soon'], 64, '--since needs a time or a duration'],
    [['-f', '--summary'], 64, '--follow and --summary cannot be combined'],
    [['--endpoint', 'chta'], 66, 'no endpoint "chta" is known'],
  ])('log %j is refused with %i', async (argv, code, words) => {
    const ran = await journalled().run(['log', ...argv]);
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(words) });
  });

  it('log without a line says so, and exits 0', async () => {
    const place = createPlace();
    expect(await place.run(['log'])).toEqual(
      expect.objectContaining({ code: 0, stdout: '', stderr: 'capnhook: the journal has no such line\n' }),
    );
    expect((await place.run(['log', '--summary'])).stderr).toBe('capnhook: no attempt failed\n');
  });

  it('log({ follow }) begins with the last ten lines, and goes on with what is written', async () => {
    const place = journalled();
    const now = Date.now();
    const today = `${place.spool}/journal/${new Date(now).toISOString().slice(0, 10)}.jsonl`;
    const lineOf = (event: string, what: JournalEntry['what'] = 'failed') =>
      toLine({ time: new Date(now).toISOString(), what, event, hook: 'audited', endpoint: 'audit' });
    appendFileSync(today, Array.from({ length: 9 }, (_, n) => lineOf(`d${n}`, 'delivered')).join(''));
    for (let n = 0; n < 12; n += 1) {
      const time = new Date(now - 12_000 + n * 1_000).toISOString();
      appendFileSync(
        `${place.spool}/journal/${time.slice(0, 10)}.jsonl`,
        toLine({ time, what: 'failed', event: `f${n}`, endpoint: 'audit' }),
      );
    }
    const end = new AbortController();
    const found: unknown[] = [];
    for await (const { event } of log({
      failed: true,
      follow: end.signal,
      spool: place.spool,
      env: place.env,
    })) {
      found.push(event);
      if (event === 'f11') appendFileSync(today, lineOf('no', 'delivered') + lineOf('yes'));
      if (event === 'yes') end.abort();
    }
    expect(found).toEqual([...Array.from({ length: 10 }, (_, n) => `f${n + 2}`), 'yes']);
  });

  it('log() gives the latest first, and no more than its limit', async () => {
    const place = journalled();
    const found: unknown[] = [];
    for await (const { event } of log({
      latestFirst: true,
      limit: 3,
      until: noon + 600_000,
      spool: place.spool,
      env: place.env,
    }))
      found.push(event);
    expect(found).toEqual(['e9', 'e8', 'e7']);
  });
});
