import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

/** What scripts/build.mjs puts into the command line instead of all of undici. */
it('undici exports the class that is bundled', () => {
  const require = createRequire(import.meta.url);
  const undici = require('undici') as typeof import('undici');
  expect(require('undici/lib/dispatcher/client.js')).toBe(undici.Client);
});
