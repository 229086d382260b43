import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/shared/clock.js';

describe('systemClock', () => {
  it.skipIf(process.platform !== 'linux')('systemClock.reading() names the boot, and when it was', () => {
    const reading = systemClock.reading?.();
    expect(reading?.boot).toMatch(/^[0-9a-f-]{36}$/);
    expect(reading?.bootedAt).toBeLessThanOrEqual(systemClock.now());
    expect(systemClock.reading?.()).toBe(reading);
  });

  it.skipIf(process.platform !== 'linux')(
    'systemClock.reading() moves with the wall clock when that jumps',
    () => {
      const before = systemClock.reading?.();
      const { now } = Date;
      Date.now = () => now() + 86_400_000;
      try {
        const after = systemClock.reading?.();
        expect(after?.boot).toBe(before?.boot);
        expect((after?.bootedAt ?? 0) - (before?.bootedAt ?? 0)).toBeGreaterThan(86_399_000);
        expect((after?.bootedAt ?? 0) - (before?.bootedAt ?? 0)).toBeLessThan(86_401_000);
      } finally {
        Date.now = now;
      }
    },
  );
});
