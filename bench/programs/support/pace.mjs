/** Doing something at a steady rate, whether or not it was done the last time. */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { payload } from '../../support/events.mjs';
import { nowMs } from '../../support/process.mjs';

/**
 * Accepts numbered payloads at a rate, and prints when each was fired and when it was durable, as
 * JSON: two lists of ms, by the clock that all processes of the machine share.
 * @param {{ perSecond: number, count: number, accept: (payload: string) => Promise<unknown> }} options
 */
export async function acceptAtPace({ perSecond, count, accept }) {
  const [firedAt, durableAt] = [new Array(count), new Array(count)];
  const underWay = [];
  const start = nowMs() + 20;
  for (let n = 0; n < count; n += 1) {
    const wait = start + (1000 * n) / perSecond - nowMs();
    // Where it is late it must still let those that are durable by now say so.
    await (wait > 0 ? sleep(wait) : setImmediate());
    firedAt[n] = nowMs();
    underWay.push(
      accept(payload(n)).then(() => {
        durableAt[n] = nowMs();
      }),
    );
  }
  await Promise.all(underWay);
  process.stdout.write(JSON.stringify({ firedAt, durableAt }));
}
