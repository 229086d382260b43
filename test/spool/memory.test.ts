import { createMemorySpool } from '../../src/spool/memory.js';
import { describeSpool } from '../contracts/spool-contract.js';

describeSpool('createMemorySpool()', () => {
  let now = 0;
  return { spool: createMemorySpool({ now: () => now }), setNow: (ms) => (now = ms) };
});
