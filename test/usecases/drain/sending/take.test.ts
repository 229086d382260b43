import { describe, expect, it } from 'vitest';
import { createMemorySpool } from '../../../../src/spool/memory/memory-spool.js';
import type { EndpointRecord } from '../../../../src/usecases/drain/sending/endpoint-records.js';
import { createTake, type TakeOptions } from '../../../../src/usecases/drain/sending/take.js';
import { createCooldowns } from '../../../../src/usecases/drain/settling/cooldowns.js';
import { endpoint, event } from '../../../support/builders.js';
import { claimAll, fanOut, ids, sideOf } from '../../../support/spool-kit.js';

describe('createTake()', () => {
  it('gives a delivery back, unsent and not on hold, while it is not known who receives its event', async () => {
    const spool = createMemorySpool({ now: Date.now });
    const side = await sideOf(spool);
    const fired = event();
    await spool.enqueue(fired);
    await fanOut(side, () => ['a']);
    const cooldowns = createCooldowns({ now: Date.now, monotonic: () => 0 }, { until: 'daemon' });
    const take = createTake({
      routing: { endpoint: () => 'unknown' },
      settler: { noteProblems() {}, isDelivered: () => false },
      requests: { ended: () => undefined },
      cooldowns,
      start: () => Promise.reject(new Error('started')),
    } as unknown as TakeOptions);
    const [owned] = await side.queues.acquire({ limit: 1, now: 0 });
    const record = { id: 'a', owned, settings: endpoint({ id: 'a' }) } as unknown as EndpointRecord;
    expect(await take(record, { now: 0 })).toBe(false);
    expect(cooldowns.isCoolingDown('a')).toBe(true);
    expect(side.byId.onHold('a')).toBe(0);
    expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
    await side.close();
  });
});
