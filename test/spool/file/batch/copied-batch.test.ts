import { chownSync, closeSync, linkSync, openSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batch } from '../../../support/batch-kit.js';
import {
  asRoot,
  claimAll,
  fanOutAll,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

describe('a batch that others could change', () => {
  async function takenIn(prepare: (path: string, root: string) => void) {
    const root = madeSpool(quickDir());
    const path = `${root}/incoming/b.jsonl`;
    writeFileSync(path, batch(['"as it was"', '2']));
    prepare(path, root);
    const theirs = openSync(path, 'r+');
    const side = await sideOf(spoolAt(root));
    expect(await fanOutAll(side, () => ['a', 'c'])).toMatchObject({
      events: 2,
      deliveries: 4,
      quarantined: [],
    });
    writeFileSync(theirs, batch(['"rewritten since, and longer"', '3', '4']));
    closeSync(theirs);
    for (const endpoint of ['a', 'c'])
      expect((await claimAll(side, endpoint)).map(text)).toEqual(['"as it was"', '2']);
    expect(names(`${root}/tmp`)).toEqual([]);
    expect(names(`${root}/incoming`)).toEqual([]);
    const [a, c] = ['a', 'c'].map((endpoint) => statSync(`${root}/queue/${endpoint}/00000001.2.b/b.jsonl`));
    expect([a!.ino, a!.nlink]).toEqual([c!.ino, 2]);
    await side.close();
    return a!;
  }

  it('the intake copies one that has another hard link, and sends what it has checked', async () => {
    await takenIn((path, root) => linkSync(path, `${root}/theirs`));
  });

  asRoot('the intake copies one of another user, and sends what it has checked (as root)', async () => {
    expect((await takenIn((path) => chownSync(path, 65534, 65534))).uid).toBe(0);
  });
});
