import { mkdirSync, renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mine, raced } from '../../../support/intake-kit.js';
import { own } from '../../../support/own.js';
import { claimAll, fanOut, madeSpool, names } from '../../../support/spool-kit.js';

describe('close()', () => {
  it('close() touches nothing of a spool that has taken the place of its own', async () => {
    const { root, side, drop } = await raced(
      () => false,
      () => {},
    );
    drop('mine.json', mine('1'));
    await fanOut(side, () => ['a']);
    const [delivery] = await claimAll(side, 'a');
    await own.done(side, delivery!);
    await side.byId.saveHealth('a', { failures: 1 });
    renameSync(root, `${root}-old`);
    madeSpool(root.slice(0, -'/spool'.length));
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    await side.close();
    expect(names(`${root}/endpoints`)).toEqual([]);
    expect(names(`${root}/queue/a`)).toEqual(['00000001']);
  });
});
