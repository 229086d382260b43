import { describeArchives } from '../../../contracts/archive-contract.js';
import { quickDir, spoolAt } from '../../../support/spool-kit.js';

describeArchives('createFileSpool()', () => spoolAt(`${quickDir()}/spool`));
