/** Deliveries that are in a queue before a drain begins. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Event } from '../../src/event/event.js';
import { eventToBytes } from '../../src/event/record.js';
import type { DrainSide, Why } from '../../src/spool/spool.js';
import { event } from './builders.js';
import { type Fault, faultyDisk } from './faulty-disk.js';
import { sideOf, spoolAt } from './spool-kit.js';

/** Why a delivery is given up. */
export const why: Why = {
  reason: 'gave-up',
  message: 'too old',
  attempts: 9,
  time: '2026-11-23T12:00:00.000Z',
};

/** An event's file in a directory of the spool. */
export function put(root: string, path: string, fired: Event = event()): Event {
  mkdirSync(`${root}/${path.slice(0, path.lastIndexOf('/'))}`, { recursive: true });
  writeFileSync(`${root}/${path}`, eventToBytes(fired));
  return fired;
}

/** Puts an event into the queue of an endpoint by hand. */
export function queued(root: string, endpoint = 'a', fired: Event = event()): Event {
  return put(root, `queue/${endpoint}/00000001/${fired.id}.json`, fired);
}

/** The drain's side of a spool on a disk that may fail. */
export function opened(root: string, fault?: Fault): Promise<DrainSide> {
  return sideOf(spoolAt(root, fault && { disk: faultyDisk(fault).disk }));
}
