import fc from 'fast-check';
import type { EventHeader } from '../../src/event/event.js';
import { createEventId } from '../../src/event/event-id.js';

/** The header of any event that may be fired. */
export const anyHeader: fc.Arbitrary<EventHeader> = fc
  .record({
    id: fc
      .tuple(fc.nat(), fc.uint8Array({ minLength: 10, maxLength: 10 }))
      .map(([timeMs, random]) => createEventId(timeMs, random)),
    hook: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,20}$/), { nil: undefined }),
    to: fc.option(
      fc.array(
        fc.webUrl().map((url) => new URL(url).href),
        { minLength: 1, maxLength: 3 },
      ),
      { nil: undefined },
    ),
    time: fc
      .date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
  })
  .map(({ id, hook, to, time }) => ({
    id,
    ...(hook === undefined && to !== undefined ? {} : { hook: hook ?? 'complete' }),
    ...(to === undefined ? {} : { to }),
    time,
  }));
