import { describe, expect, it } from 'vitest';
import { check, type StatusHead, status } from '../../src/library/status.js';
import { createPlace } from '../support/place.js';

describe('status()', () => {
  it('status() tells who drains before it has counted, and the same again with everything', async () => {
    const place = createPlace();
    place.hooks('hooks: {complete: ["http://127.0.0.1:9/in"]}\n');
    await place.run(['fire', 'complete', '-d', '1']);
    const heads: StatusHead[] = [];
    const found = await status({ env: place.env, onHead: (head) => void heads.push(head) });
    expect(heads).toHaveLength(1);
    expect(found).toMatchObject({ ...heads[0], drain: { isRunning: false }, hooksFile: { isUsable: true } });
    expect(found.totals.queued.total).toBe(1);
  });

  it('check() judges it by limits', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    expect(await check({ env: place.env })).toMatchObject({ level: 'ok', findings: [] });
    expect(await check({ env: place.env, requireDrain: true })).toMatchObject({
      level: 'critical',
      findings: [{ level: 'critical', message: 'nobody drains' }],
    });
  });
});
