import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOutAll,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

describe('a batch to which somebody writes when it is queued already', () => {
  it('is not removed before its new lines are delivered, at each endpoint once', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/b.jsonl`, '{"id":"b","hook":"x"}\n1\n2\n');
    const writer = openSync(`${root}/incoming/b.jsonl`, 'a');
    const side = await sideOf(spoolAt(root));
    await fanOutAll(side, () => ['a', 'b']);
    const found: Record<string, string[]> = { a: [], b: [] };
    for (let more = ['3\n4\n', '5\n']; ; more = more.slice(1)) {
      if (more[0] !== undefined) writeSync(writer, more[0]);
      const claimed = [...(await claimAll(side, 'a')), ...(await claimAll(side, 'b'))];
      if (claimed.length === 0) break;
      for (const delivery of claimed) {
        found[delivery.endpoint]?.push(`${delivery.event.id} ${text(delivery)}`);
        await own.done(side, delivery);
      }
    }
    closeSync(writer);
    const all = [1, 2, 3, 4, 5].map((n) => `b_${n} ${n}`);
    expect(found).toEqual({ a: all, b: all });
    await side.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });
});
