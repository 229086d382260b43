import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFileJournal } from '../../../../src/journal/file-journal.js';
import { positionOf, readNewAttempts } from '../../../../src/journal/new-attempts.js';
import { isoTime } from '../../../../src/shared/iso-time.js';
import { createDurations } from '../../../../src/usecases/inspect/status/durations.js';
import { createTraffic, trafficMinutes } from '../../../../src/usecases/inspect/status/traffic.js';
import { tempDir } from '../../../support/temp.js';

const minuteMs = 60_000;
const start = Date.parse('2026-11-30T23:30:00.000Z');

/** A journal that is written by hand, and looks at it. */
async function open(endpoint?: string) {
  const directory = join(tempDir(), 'journal');
  mkdirSync(directory);
  const time = { now: start };
  let position = await positionOf(directory, start - trafficMinutes * minuteMs);
  const look = createTraffic(
    {
      clock: { now: () => time.now },
      async readNew(callback) {
        position = await readNewAttempts(directory, position, callback);
      },
    },
    { endpoint },
  );
  const write = (what: 'delivered' | 'failed', of: string, at: number): void => {
    const journal = createFileJournal(directory, () => {});
    journal.write({ time: isoTime(at), what, event: 'evt_1', endpoint: of, attempt: 1, ms: 100 });
    journal.close();
  };
  return { look, write, time };
}

describe('createTraffic()', () => {
  test('counts attempts a minute, by endpoint, and what is written later once', async () => {
    const { look, write, time } = await open();
    write('delivered', 'a', start - minuteMs);
    write('failed', 'b', start - minuteMs);
    expect((await look()).minutes.at(-2)).toMatchObject({ attempts: 2, failures: 1, at: start - minuteMs });
    time.now += 45 * minuteMs; // into the next day
    write('failed', 'b', time.now);
    const { minutes, byEndpoint } = await look();
    expect(minutes).toHaveLength(trafficMinutes);
    expect(minutes.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(3);
    expect(minutes.at(-1)).toMatchObject({ attempts: 1, failures: 1 });
    expect(byEndpoint.get('b')?.filter(({ failures }) => failures === 1)).toHaveLength(2);
  });

  test('forgets what is older than an hour', async () => {
    const { look, write, time } = await open();
    write('delivered', 'a', start);
    await look();
    time.now += trafficMinutes * minuteMs;
    const { minutes, byEndpoint } = await look();
    expect(minutes.every(({ attempts }) => attempts === 0)).toBe(true);
    expect(byEndpoint.size).toBe(0);
  });

  test('counts one endpoint alone', async () => {
    const { look, write } = await open('a');
    write('delivered', 'a', start);
    write('delivered', 'b', start);
    expect((await look()).minutes.at(-1)).toMatchObject({ attempts: 1, failures: 0 });
  });
});

describe('createDurations()', () => {
  test('tells quantiles that are at most a tenth off', () => {
    const durations = createDurations();
    for (let ms = 1; ms <= 1_000; ms += 1) durations.add(ms);
    for (const share of [0.1, 0.5, 0.95, 1]) {
      const off = Math.abs((durations.quantile(share) ?? 0) / (share * 1_000) - 1);
      expect(off).toBeLessThan(0.1);
    }
    expect(createDurations().quantile(0.5)).toBeUndefined();
  });
});
