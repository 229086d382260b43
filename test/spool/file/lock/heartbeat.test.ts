import { utimesSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readHolder } from '../../../../src/spool/file/lock/lock.js';
import { held } from '../../../support/lock-kit.js';
import { madeSpool, quickDir } from '../../../support/spool-kit.js';

describe('the heartbeat of a lock', () => {
  it('is given by isValid(), after five seconds, and told by readHolder()', async () => {
    const root = madeSpool(quickDir());
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const begin = Date.parse('2026-11-30T12:00:00.000Z');
    vi.setSystemTime(begin);
    const lock = await held(root);
    utimesSync(`${root}/lock`, 0, 0);
    vi.setSystemTime(begin + 4_000);
    expect(lock.isValid()).toBe(true);
    expect(readHolder(root)?.heartbeat).toBe('1970-01-01T00:00:00.000Z');
    vi.setSystemTime(begin + 5_000);
    expect(lock.isValid()).toBe(true);
    expect(readHolder(root)?.heartbeat).toBe('2026-11-30T12:00:05.000Z');
    vi.setSystemTime(begin - 60_000); // the clock was set back
    expect(lock.isValid()).toBe(true);
    expect(readHolder(root)?.heartbeat).toBe('2026-11-30T11:59:00.000Z');
    await lock.release();
  });
});
