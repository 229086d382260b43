import { createMemorySpool, type MemorySpoolOptions } from '../../../src/spool/memory/memory-spool.js';
import { describeArchives } from '../../contracts/archive-contract.js';
import { describeInspection } from '../../contracts/inspection-contract.js';
import { describeIntake } from '../../contracts/intake-contract.js';
import { describePurge } from '../../contracts/purge-contract.js';
import { describeQueues } from '../../contracts/queues-contract.js';
import type { OpenSpool } from '../../contracts/queues-kit.js';
import { describeRetry } from '../../contracts/retry-contract.js';
import { describeSent } from '../../contracts/sent-contract.js';
import { describeSharedQueues } from '../../contracts/shared-queues-contract.js';
import { describeSpool } from '../../contracts/spool-contract.js';

describeSpool('createMemorySpool()', () => {
  let now = 0;
  return { spool: createMemorySpool({ now: () => now }), setNow: (ms) => (now = ms) };
});

function open(options: Omit<MemorySpoolOptions, 'now'> = {}): OpenSpool {
  return () => {
    let now = 0;
    return { spool: createMemorySpool({ now: () => now, ...options }), setNow: (ms) => (now = ms) };
  };
}

describeQueues('createMemorySpool()', open());

describeSent('createMemorySpool()', open());

const leaseMs = 30_000;
describeQueues('createMemorySpool() that is shared', open({ shared: { leaseMs } }));
describeSharedQueues('createMemorySpool() that is shared', open({ shared: { leaseMs } }), { leaseMs });

describeArchives('createMemorySpool()', () => createMemorySpool({ now: Date.now }));

describeInspection('createMemorySpool()', () => createMemorySpool({ now: () => 0 }));

describeRetry('createMemorySpool()', () => createMemorySpool({ now: Date.now }));

describePurge('createMemorySpool()', () => createMemorySpool({ now: Date.now }));

describeIntake('createMemorySpool()', () => {
  let newest: string | undefined;
  const spool = createMemorySpool({ now: Date.now, newestHooks: () => newest });
  return { spool, setNewestHooks: (hooks) => (newest = hooks) };
});
