import { describe, expect, it } from 'vitest';
import { createMemorySpool } from '../../../../src/spool/memory/memory-spool.js';
import type { DrainPorts } from '../../../../src/usecases/drain/ports.js';
import { createTake, type TakeOptions } from '../../../../src/usecases/drain/sending/take.js';
import { endpoint, event } from '../../../support/builders.js';
import { claimAll, fanOut, ids, leaseOf } from '../../../support/spool-kit.js';

describe('createTake()', () => {
  it('gives a delivery back, unsent and not on hold, while it is not known who receives its event', async () => {
    const spool = createMemorySpool({ now: Date.now });
    const lease = await leaseOf(spool);
    const fired = event();
    await spool.enqueue(fired);
    await fanOut(lease, () => ['a']);
    const take = createTake(
      { lease } as unknown as DrainPorts,
      {
        routing: { endpoint: () => 'unknown', settingsOf: () => endpoint({ id: 'a' }) },
        settler: { noteProblems() {}, isDelivered: () => false },
        requests: { ended: () => undefined },
        start: () => Promise.reject(new Error('started')),
      } as unknown as TakeOptions,
    );
    expect(await take('a', { now: 0 })).toBe(false);
    expect(lease.onHold('a')).toBe(0);
    expect(ids(await claimAll(lease, 'a'))).toEqual([fired.id]);
    await lease.close();
  });
});
