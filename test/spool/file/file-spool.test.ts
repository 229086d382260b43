import { randomBytes } from '../../../src/shared/machine/random.js';
import { createFileSpool } from '../../../src/spool/file/file-spool.js';
import type { SpoolUnderTest } from '../../contracts/contract-kit.js';
import { describeIntake } from '../../contracts/intake-contract.js';
import { describeQueues } from '../../contracts/queues-contract.js';
import { describeSpool } from '../../contracts/spool-contract.js';
import { tempDir } from '../../support/temp.js';

function open(): SpoolUnderTest {
  let now = Date.now();
  const spool = createFileSpool(`${tempDir()}/spool`, { now: () => now, random: randomBytes });
  return { spool, setNow: (ms) => (now = ms) };
}

describeSpool('createFileSpool()', open);
describeQueues('createFileSpool()', open);
describeIntake('createFileSpool()', () => {
  return { spool: createFileSpool(`${tempDir()}/spool`, { now: Date.now, random: randomBytes }) };
});
