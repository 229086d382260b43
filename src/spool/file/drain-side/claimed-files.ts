/** The files of claimed deliveries: in their queue, among the retries, or still in `incoming/`. */
import type { Deferral, Delivery, Why } from '../../spool.js';
import { isUnchanged } from '../batch/unchanged.js';
import { retryName } from '../disk/layout.js';
import type { Slot } from '../queue/slot.js';
import type { EndpointQueue } from '../readers/endpoint-queue.js';
import type { DrainTools } from './tools.js';

export interface ClaimedFiles {
  /** Whether the file of a delivery is the one that was read; another one in `incoming/` is taken in later. */
  isAsRead(slot: Slot): boolean;
  /** Nothing is left of a delivery. */
  forget(queue: EndpointQueue, slot: Slot): void;
  /** Moves a delivery to the dead, with the last answer to it. */
  moveToDead(queue: EndpointQueue, burial: { slot: Slot; delivery: Delivery; why: Why }): void;
  /** Moves a delivery to the retries. */
  moveToRetry(queue: EndpointQueue, move: { slot: Slot; delivery: Delivery; deferral: Deferral }): void;
}

/** Makes what moves the files. @throws from its methods: the errno of what failed */
export function createClaimedFiles(tools: DrainTools): ClaimedFiles {
  const { disk, readers, inbox, intake, files, answers } = tools;

  function isAsRead({ room, name }: Slot): boolean {
    if (room !== 'incoming') return true;
    const file = inbox.find(name)?.file;
    return file !== undefined && isUnchanged(disk, file);
  }

  function forget(queue: EndpointQueue, slot: Slot): void {
    if (slot.room !== 'incoming') {
      readers.forget(queue, slot);
      return;
    }
    inbox.forget(slot.name);
    intake.freed(slot.name);
  }

  return {
    isAsRead,
    forget,
    moveToDead(queue, { slot, delivery, why }) {
      const { endpoint, event, attempts } = delivery;
      const answer = why.answer ?? (attempts > 0 ? answers.of(endpoint, event.id) : undefined);
      const whole = answer === undefined ? why : { ...why, answer };
      const bytes = files.moveToDead(slot, { event, endpoint, why: whole });
      forget(queue, slot);
      if (attempts > 0) answers.drop(endpoint, event.id);
      if (answer !== undefined) answers.buried(`dead/${endpoint}/${event.id}.why.json`, bytes);
    },
    moveToRetry(queue, { slot, delivery, deferral }) {
      const { endpoint, event, acceptedAt } = delivery;
      const { dueMs, attempts, answer } = deferral;
      const name = retryName({ dueMs, attempts, id: event.id });
      const moved = isAsRead(slot) && files.moveToRetry(slot, { event, endpoint, name, acceptedAt });
      if (moved) readers.deferred(queue, name); // before anything makes the reader look, and find it
      forget(queue, slot);
      if (moved && answer !== undefined) answers.keep(endpoint, answer);
    },
  };
}
