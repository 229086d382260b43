import { randomBytes } from '../../../src/shared/machine/random.js';
import { createFileSpool } from '../../../src/spool/file/file-spool.js';
import { describeSpool } from '../../contracts/spool-contract.js';
import { tempDir } from '../../support/temp.js';

describeSpool('createFileSpool()', () => {
  let now = Date.now();
  const spool = createFileSpool(`${tempDir()}/spool`, { now: () => now, random: randomBytes });
  return { spool, setNow: (ms) => (now = ms) };
});
