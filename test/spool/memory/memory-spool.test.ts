import { createMemorySpool } from '../../../src/spool/memory/memory-spool.js';
import { describeInspection } from '../../contracts/inspection-contract.js';
import { describeRetry } from '../../contracts/retry-contract.js';
import { describeSpool } from '../../contracts/spool-contract.js';

describeSpool('createMemorySpool()', () => {
  let now = 0;
  return { spool: createMemorySpool({ now: () => now }), setNow: (ms) => (now = ms) };
});

describeInspection('createMemorySpool()', () => createMemorySpool({ now: () => 0 }));

describeRetry('createMemorySpool()', () => createMemorySpool({ now: Date.now }));
