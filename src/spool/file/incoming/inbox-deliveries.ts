/**
 * Deliveries that are sent from `incoming/`. The file of an event with one
 * endpoint stays there while it can be sent immediately, which saves a rename
 * and the fsyncs of two directories; what is not taken before the next step of
 * the intake is put into the endpoint's queue. After a crash the file is still
 * in `incoming/`, and is taken in again.
 */

import type { EventFile } from '../batch/accepted-file.js';
import { lastName } from '../disk/layout.js';

/** An event's file in `incoming/`, and the one endpoint that it goes to. */
export interface InboxDelivery {
  endpoint: string;
  file: EventFile;
}

export interface InboxDeliveries {
  add(delivery: InboxDelivery): void;
  /** Hands out the next delivery of an endpoint, in the order in which they were added. */
  take(endpoint: string): EventFile | undefined;
  /** Returns a delivery that was handed out. No delivery of its endpoint is handed out from here any more. */
  giveBack(name: string): void;
  /** The file was removed from `incoming/`, or replaced. */
  forget(name: string): void;
  /** The delivery of a file's name in `incoming/`. */
  find(name: string): InboxDelivery | undefined;
  /** Removes and returns all that are not handed out, those that were given back first. */
  takeRest(): InboxDelivery[];
  /** Deliveries that are handed out. */
  handedOut(): InboxDelivery[];
  /** Whether an endpoint has a delivery to hand out. */
  isReady(endpoint: string): boolean;
  /** How many deliveries there are to hand out. */
  waiting(): number;
  /** How many deliveries an endpoint has, those handed out included. */
  count(endpoint: string): number;
  /** Endpoints with a delivery, handed out or not. */
  owing(): Iterable<string>;
  /** How many deliveries there are, those handed out included. */
  size(): number;
}

/**
 * Makes a record of deliveries that are sent from `incoming/`.
 * @param onAdded called with the endpoint of each delivery that was added
 */
export function createInboxDeliveries(onAdded: (endpoint: string) => void = () => {}): InboxDeliveries {
  const deliveries = new Map<string, InboxDelivery>();
  const waiting = new Map<string, EventFile[]>();
  const counts = new Map<string, number>();
  let returned: InboxDelivery[] = [];
  const out = new Set<string>();

  function forget(name: string): void {
    const delivery = deliveries.get(name);
    if (delivery === undefined) return;
    const { endpoint } = delivery;
    deliveries.delete(name);
    out.delete(name);
    const count = (counts.get(endpoint) ?? 0) - 1;
    if (count > 0) counts.set(endpoint, count);
    else counts.delete(endpoint);
  }

  return {
    add(delivery) {
      const { endpoint, file } = delivery;
      deliveries.set(nameOf(file), delivery);
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
      const others = waiting.get(endpoint);
      if (others === undefined) waiting.set(endpoint, [file]);
      else others.push(file);
      onAdded(endpoint);
    },
    take(endpoint) {
      const files = waiting.get(endpoint);
      const file = files?.shift();
      if (file === undefined) return undefined;
      if (files?.length === 0) waiting.delete(endpoint);
      out.add(nameOf(file));
      return file;
    },
    giveBack(name) {
      const delivery = deliveries.get(name);
      if (delivery === undefined || !out.delete(name)) return;
      const { endpoint } = delivery;
      returned.push(delivery);
      for (const file of waiting.get(endpoint) ?? []) returned.push({ endpoint, file }); // after it, in their order
      waiting.delete(endpoint);
    },
    forget,
    find: (name) => deliveries.get(name),
    takeRest() {
      const rest = returned;
      for (const [endpoint, files] of waiting) for (const file of files) rest.push({ endpoint, file });
      returned = [];
      waiting.clear();
      for (const { file } of rest) forget(nameOf(file));
      return rest;
    },
    handedOut: () => [...out].flatMap((name) => deliveries.get(name) ?? []),
    isReady: (endpoint) => waiting.has(endpoint),
    waiting: () => deliveries.size - out.size - returned.length,
    count: (endpoint) => counts.get(endpoint) ?? 0,
    owing: () => counts.keys(),
    size: () => deliveries.size,
  };
}

function nameOf({ path }: EventFile): string {
  return lastName(path);
}
