import { describe, expect, test } from 'vitest';
import { eventToBytes, parseBatch, parseEvent } from '../../../../src/event/record.js';
import { sameBatch, sameEvent } from '../../../../src/spool/file/batch/same-event.js';
import { batchToBytes, event, shellEvent } from '../../../support/builders.js';

const parsed = (over: Parameters<typeof event>[0]) => parseEvent(eventToBytes(event(over)));

describe('sameEvent()', () => {
  test('takes an event that was fired again, at another time, for the same', () => {
    expect(sameEvent(parsed({ id: 'a' }), parsed({ id: 'a' }))).toBe(true);
  });

  test.each([
    ['id', { id: 'A' }],
    ['hook', { id: 'a', hook: 'other' }],
    ['payload', { id: 'a', payload: Buffer.from('{"id":1.0}') }],
    ['URLs', { id: 'a', to: ['https://example.com/'] }],
  ])('tells two events apart by the %s', (_what, over) => {
    expect(sameEvent(parsed({ id: 'a' }), parsed(over))).toBe(false);
  });

  test('goes by the rest where a file leaves its id to its name', () => {
    const nameless = parseEvent(Buffer.from(shellEvent('complete', '{"id":1}')));
    expect(sameEvent(nameless, parsed({ id: 'a' }))).toBe(true);
  });
});

test('sameBatch() tells two batches apart by the id', () => {
  const { payload, ...header } = event({ id: 'a' });
  const batch = (id: string) => parseBatch(batchToBytes({ ...header, id, payloads: [payload] }));
  expect(sameBatch(batch('a'), batch('a'))).toBe(true);
  expect(sameBatch(batch('a'), batch('A'))).toBe(false);
});
