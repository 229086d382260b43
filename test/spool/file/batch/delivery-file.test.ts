import { describe, expect, it } from 'vitest';
import { createEventId } from '../../../../src/event/event-id.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { acceptedAt } from '../../../../src/spool/file/batch/delivery-file.js';

describe('acceptedAt()', () => {
  const now = Date.parse('2026-01-02T00:00:00.000Z');
  const at = (idMs: number | undefined, mtimeMs: number) =>
    acceptedAt({
      id: idMs === undefined ? 'chosen' : createEventId(idMs, randomBytes(10)),
      stat: { ino: 1, nlink: 1, uid: 0, size: 1, mtimeMs },
      now,
    });

  it('acceptedAt() is the later one of the times that have come', () => {
    const [past, before, future] = [now - 2, now - 1, now + 1];
    expect([at(past, before), at(before, past), at(undefined, past)]).toEqual([before, before, past]);
    expect([at(future, past), at(past, future)]).toEqual([past, past]);
    expect([at(future, future), at(undefined, future)]).toEqual([now, now]);
  });

  it('acceptedAt() takes a file that was written in this millisecond as written now, and not in the future', () => {
    expect(at(now - 2, now + 0.7)).toBe(now);
  });
});
