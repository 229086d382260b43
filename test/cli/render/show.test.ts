import { expect, it } from 'vitest';
import { renderEvent } from '../../../src/cli/render/show.js';
import type { ShownEvent } from '../../../src/library/show.js';

const now = Date.parse('2026-11-30T12:00:00.000Z');

function eventDue(nextTry: string, givesUp: string): ShownEvent {
  const endpoint = { id: 'chat', scheme: 'https', host: 'chat.example' };
  const delivery = { endpoint, state: 'parked', attempts: 2, nextTry, givesUp, log: [] } as const;
  return { id: 'evt_1', hook: 'complete', deliveries: [{ ...delivery, log: [] }], log: [] };
}

it.each([
  [
    '2026-11-30T12:04:09.000Z',
    '2026-12-02T13:00:00.000Z',
    'next try in 4m 9s, given up in 2d 1h (2026-12-02T13:00:00.000Z) if it goes on so',
  ],
  [
    '2026-11-30T11:00:00.000Z',
    '2026-11-30T11:00:00.000Z',
    'next try with the next drain, given up with the next drain (2026-11-30T11:00:00.000Z) if it goes on so',
  ],
])('renderEvent() tells what is due at %s and given up at %s', (nextTry, givesUp, words) => {
  const text = renderEvent(eventDue(nextTry, givesUp), { now, showUrls: false, width: undefined });
  expect(text).toContain(`parked, 2 failed attempts, ${words}\n`);
});
