/** What the tests of accepting events share. */
import { expect } from 'vitest';
import type { Batch, Event } from '../../src/event/event.js';
import { event } from './builders.js';
import type { DiskCall } from './faulty-disk.js';
import { own } from './own.js';
import { claimAll, fanOutAll, sideOf, spoolAt, text } from './spool-kit.js';

/** An event with a payload that no JSON library may touch. */
export const one: Event = event({ payload: Buffer.from('{"a": 1.0, "a":12345678901234567890}') });

const { payload: _, ...header } = event();
/** A batch of two events. */
export const batch: Batch = { ...header, payloads: [Buffer.from('1'), Buffer.from('"two"')] };

/** The payloads that a drain finds, without any fault. */
export async function drained(root: string): Promise<string[]> {
  const side = await sideOf(spoolAt(root));
  const { quarantined, postponed } = await fanOutAll(side, () => ['a']);
  expect([...quarantined, ...postponed]).toEqual([]);
  const deliveries = await claimAll(side, 'a');
  for (const delivery of deliveries) await own.done(side, delivery);
  await side.close();
  return deliveries.map(text);
}

/** Whether a call removes an event from `incoming/`, as one that could not be made durable is. */
export function isWithdrawal({ name, args }: DiskCall): boolean {
  return name === 'unlinkSync' && String(args[0]).includes('/incoming/');
}
