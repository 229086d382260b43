import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drain, fire, flush, init, retryUnclaimed } from '../../src/index.js';
import { here } from '../support/library-kit.js';
import { receiver } from '../support/receiver.js';
import { tempDir } from '../support/temp.js';

describe('flush()', () => {
  it('flush() drops the events of one hook, queued or not', async () => {
    const { place, options } = here();
    const { url } = await receiver(() => ({ status: 503 }));
    place.hooks(`hooks: {a: ["${url}"], b: ["${url}"]}\n`);
    for (const hook of ['a', 'b']) await fire(hook, 1, options);
    await drain(options);
    for (const hook of ['a', 'b']) await fire(hook, 2, options);
    const [endpoint] = readdirSync(join(place.spool, 'queue'));
    expect(await flush({ ...options, hook: 'a' })).toMatchObject({
      count: 2,
      states: { incoming: 1, queued: 1 },
      hooks: [{ hook: 'a', count: 2 }],
      endpoints: [endpoint],
      isDraining: false,
    });
    await expect(flush({ ...options, hook: 'aa' })).rejects.toMatchObject({ code: 'NO_INPUT' });
    expect(await flush(options)).toMatchObject({ states: { incoming: 1, queued: 1 } });
    await expect(flush({ ...options, hook: 'a/b' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('retryUnclaimed() refuses a bad hook name before it looks for the spool', async () => {
    const spool = join(tempDir(), 'missing');
    await expect(retryUnclaimed({ spool, hook: 'a*' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('flush() journals and tells what it has put aside', async () => {
    const { place, options } = here();
    await init(options);
    writeFileSync(join(place.spool, 'queue/stray.json'), '{}');
    const reason = 'it stood at queue/stray.json, and is no directory';
    const told: unknown[] = [];
    await flush({ ...options, onQuarantined: (entry) => told.push(entry) });
    expect(told).toEqual([{ name: 'stray.json', reason }]);
    const [journal] = readdirSync(join(place.spool, 'journal'));
    expect(readFileSync(join(place.spool, 'journal', journal!), 'utf8')).toContain(JSON.stringify(reason));
  });
});

describe('init()', () => {
  it('init() makes anew what is missing of a spool', async () => {
    const { place, options } = here();
    await init(options);
    for (const room of ['incoming', 'dead']) rmSync(join(place.spool, room), { recursive: true });
    await expect(fire('a', 1, options)).rejects.toMatchObject({
      code: 'SPOOL_WRITE',
      hint: expect.stringContaining('capnhook init'),
    });
    await init(options);
    await fire('a', 1, options);
    expect(readdirSync(place.spool)).toContain('dead');
  });
});
