import { describe, expect, it } from 'vitest';
import { emptySummary } from '../../../../src/usecases/drain/reporting/summary.js';
import { sendUnqueued, type UnqueuedOptions } from '../../../../src/usecases/drain/sending/unqueued.js';

/** How long `sendUnqueued` waits for 200 deliveries of which `perMs` are delivered each millisecond, in ms. */
async function waitedFor({ stays, perMs }: { stays: boolean; perMs: number }): Promise<number> {
  let now = 0;
  const summary = emptySummary();
  const options = {
    stays,
    summary,
    intake: { unqueued: () => 200 - summary.delivered },
    attempts: { fill: async () => true, failure: () => undefined },
    signal: {
      raise() {},
      async wait(ms: number) {
        now += ms;
        summary.delivered += Math.floor(perMs * ms);
        return false;
      },
    },
    clock: { monotonic: () => now },
    isStopping: () => now > 10_000,
  };
  await sendUnqueued(options as unknown as UnqueuedOptions);
  return now;
}

describe('sendUnqueued()', () => {
  it('holds up new events of a daemon for one short interval where nothing is delivered', async () => {
    expect(await waitedFor({ stays: true, perMs: 0 })).toBe(50);
  });

  it('waits longer for the first deliveries of a pass', async () => {
    expect(await waitedFor({ stays: false, perMs: 0 })).toBe(500);
  });

  it('goes on while deliveries are fast', async () => {
    expect(await waitedFor({ stays: true, perMs: 0.4 })).toBeGreaterThan(400);
  });
});
