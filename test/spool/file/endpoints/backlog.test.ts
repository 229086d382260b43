import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { madeSpool, quickDir, spoolAt } from '../../../support/spool-kit.js';

describe('backlog()', () => {
  async function backlog(root: string, endpoint?: string) {
    const found = [];
    for await (const each of spoolAt(root).backlog(endpoint)) found.push(each);
    return found;
  }

  it('backlog() counts what each endpoint is owed, and passes over what is none of ours', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    for (const name of ['x.json', 'y.json', '.hidden']) writeFileSync(`${root}/queue/a/00000001/${name}`, '');
    writeFileSync(`${root}/queue/a/file`, '');
    for (const room of ['retry', 'dead']) mkdirSync(`${root}/${room}/b`);
    writeFileSync(`${root}/retry/b/1.1.x.json`, '');
    for (const name of ['x.json', 'x.why.json']) writeFileSync(`${root}/dead/b/${name}`, '');
    writeFileSync(`${root}/endpoints/c.json`, '{"failures":1}');
    writeFileSync(`${root}/endpoints/README`, '');
    const [a, b, c] = await backlog(root);
    expect(a).toEqual({ endpoint: 'a', waiting: 2, retrying: 0, dead: 0, health: {} });
    expect(b).toEqual({ endpoint: 'b', waiting: 0, retrying: 1, dead: 1, health: {} });
    expect(c).toEqual({ endpoint: 'c', waiting: 0, retrying: 0, dead: 0, health: { failures: 1 } });
    expect(await backlog(root)).toHaveLength(3);
    expect(await backlog(root, 'b')).toEqual([b]);
    expect(await backlog(root, 'nobody')).toEqual([]);
  });

  it('backlog() and waiting() find nothing where there is no spool', async () => {
    expect(await backlog('/nowhere')).toEqual([]);
    expect(await spoolAt('/nowhere').waiting()).toBe(0);
  });

  it('backlog() and waiting() tell in words what they cannot read', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(() => 'EACCES');
    const spool = spoolAt(root, { disk });
    const refused = {
      code: 'PERMISSION',
      message: expect.stringContaining('Cannot read the spool: permission denied'),
    };
    await expect(spool.waiting()).rejects.toMatchObject(refused);
    await expect(
      (async () => {
        for await (const _ of spool.backlog());
      })(),
    ).rejects.toMatchObject(refused);
  });
});
