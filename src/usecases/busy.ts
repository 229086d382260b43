import { CapnhookError } from '../shared/errors.js';
import type { Holder } from '../spool/spool.js';

/** Another one drains: who, and since when. */
export function busy(doing: string, holder: Holder | undefined): CapnhookError {
  const who = holder === undefined ? 'it has not said yet which' : describeHolder(holder);
  return new CapnhookError('BUSY', `Cannot ${doing}: another drain is running on this spool (${who})`, {
    hint: 'Leave it to that one, or end it with: capnhook stop',
  });
}

/** A drain's process, in words. */
export function describeHolder({ pid, host, mode, since }: Holder): string {
  return `a ${mode}, pid ${pid} on ${host}, since ${since}`;
}
