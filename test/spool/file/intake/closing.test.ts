import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type DiskCall, faultyDisk } from '../../../support/faulty-disk.js';
import { claimAll, leaseOf, madeSpool, names, quickDir, spoolAt } from '../../../support/spool-kit.js';

/** A spool on which `act` is done once, right before the first call that matches. */
async function raced(when: (call: DiskCall) => boolean, act: (root: string) => void, alsoFails?: string) {
  const root = madeSpool(quickDir());
  let done = false;
  const { disk } = faultyDisk((call) => {
    if (!done && when(call)) {
      done = true;
      act(root);
    }
    return call.name === 'linkSync' ? alsoFails : undefined;
  });
  const spool = spoolAt(root, { disk });
  const drop = (name: string, content: string) => writeFileSync(`${root}/incoming/${name}`, content);
  return { root, spool, lease: await leaseOf(spool), drop };
}

function mine(payload: string): string {
  return `{"id":"mine","hook":"x","payload":${payload}}`;
}

describe('close()', () => {
  it('close() touches nothing of a spool that has taken the place of its own', async () => {
    const { root, lease, drop } = await raced(
      () => false,
      () => {},
    );
    drop('mine.json', mine('1'));
    await lease.fanOut(() => ['a']);
    const [delivery] = await claimAll(lease, 'a');
    await lease.done(delivery!);
    await lease.saveHealth('a', { failures: 1 });
    renameSync(root, `${root}-old`);
    madeSpool(root.slice(0, -'/spool'.length));
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    await lease.close();
    expect(names(`${root}/endpoints`)).toEqual([]);
    expect(names(`${root}/queue/a`)).toEqual(['00000001']);
  });
});
