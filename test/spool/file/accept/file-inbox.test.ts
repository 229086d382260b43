import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Batch, Event } from '../../../../src/event/event.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { createFileInbox } from '../../../../src/spool/file/accept/file-inbox.js';
import { createGroupedInbox } from '../../../../src/spool/file/accept/grouped-inbox.js';
import { batch, drained, one } from '../../../support/accept-kit.js';
import { batchToBytes, event } from '../../../support/builders.js';
import { type Fault, faultyDisk } from '../../../support/faulty-disk.js';
import { madeSpool, names, quickDir, text } from '../../../support/spool-kit.js';

const { payload: _, ...header } = event();

describe('enqueue() of an id that was chosen', () => {
  function inboxAt(root: string, fault: Fault = () => undefined) {
    const { disk } = faultyDisk(fault);
    const inbox = createFileInbox(root, { random: randomBytes, disk });
    return (entry: Event | Batch) => inbox.enqueue(entry, { chosenId: true });
  }

  it('enqueue() of the same event again changes nothing, and makes sure that it is durable', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    const opened: string[] = [];
    const enqueue = inboxAt(root, ({ name, args }) => {
      if (name === 'openSync') opened.push(String(args[0]));
      return undefined;
    });
    await enqueue({ ...one, time: '2020-01-01T00:00:00.000Z' });
    expect(opened.slice(-2)).toEqual([`${root}/incoming/${one.id}.json`, `${root}/incoming`]);
    expect(await drained(root)).toEqual([text({ event: one })]);
  });

  it('enqueue() of the same event again is refused where it cannot be made durable', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    let syncs = 0;
    const enqueue = inboxAt(root, ({ name }) => (name === 'fsyncSync' && ++syncs === 2 ? 'EIO' : undefined));
    await expect(enqueue(one)).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    expect(await drained(root)).toEqual([text({ event: one })]);
  });

  it('enqueue() of another event under the same id is refused, and the first one stays', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    const others: Event[] = [
      { ...one, payload: Buffer.from('2') },
      { ...one, hook: 'other' },
      { ...one, to: [] },
      { ...one, to: ['https://a.example/'] },
      { ...one, payload: Buffer.from(`"${'x'.repeat(5000)}"`) },
    ];
    for (const other of others)
      await expect(inboxAt(root)(other)).rejects.toMatchObject({ code: 'BAD_PAYLOAD' });
    expect(await drained(root)).toEqual([text({ event: one })]);
    expect(names(`${root}/tmp`)).toEqual([]);
  });

  it('enqueue() is refused where what has the id is no file', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/incoming/${one.id}.json`);
    await expect(inboxAt(root)(one)).rejects.toThrow(`another one is waiting under the id ${one.id}`);
  });

  it('enqueue() of a batch again compares it whole', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(batch);
    await inboxAt(root)(batch);
    const [first] = batch.payloads;
    await expect(inboxAt(root)({ ...batch, payloads: [first!] })).rejects.toMatchObject({
      code: 'BAD_PAYLOAD',
    });
    await expect(inboxAt(root)({ ...batch, payloads: [first!, first!] })).rejects.toMatchObject({
      code: 'BAD_PAYLOAD',
    });
    expect(await drained(root)).toEqual(['1', '"two"']);
  });

  it('enqueue() accepts the event where a drain has just taken in the one that had the id', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    const path = `${root}/incoming/${one.id}.json`;
    for (const moment of ['lstat', 'sync']) {
      let opens = 0;
      const enqueue = inboxAt(root, ({ name, args }) => {
        if (name === 'openSync' && args[0] === path && ++opens === (moment === 'lstat' ? 1 : 2)) rmSync(path);
        return undefined;
      });
      await enqueue(one);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ id: one.id });
    }
  });

  for (const refusal of ['EPERM', 'EMLINK', 'ENOTSUP', 'EXDEV', 'EOPNOTSUPP', 'ENOSYS']) {
    it(`enqueue() renames where a hard link is refused with ${refusal}, unless the id is taken`, async () => {
      const root = madeSpool(quickDir());
      const enqueue = inboxAt(root, ({ name }) => (name === 'linkSync' ? refusal : undefined));
      await enqueue(one);
      await enqueue(one);
      await expect(enqueue({ ...one, hook: 'other' })).rejects.toMatchObject({ code: 'BAD_PAYLOAD' });
      expect(await drained(root)).toEqual([text({ event: one })]);
    });
  }
});

describe.each([
  ['createFileInbox()', createFileInbox],
  ['createGroupedInbox()', createGroupedInbox],
])('%s and a large batch', (_name, createInbox) => {
  it('enqueue() writes a batch of several MiB as it is, lines of more than 1 MiB, too', async () => {
    const root = madeSpool(quickDir());
    const sizes = [5, 2 ** 20 - 200, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 10, 1_000_000, 700_000, 2];
    const payloads = sizes.map((size, n) => Buffer.alloc(size, `${n}`));
    const large = { ...header, payloads };
    await createInbox(root, { random: randomBytes }).enqueue(large);
    const written = readFileSync(`${root}/incoming/${header.id}.jsonl`);
    expect(written.equals(batchToBytes(large))).toBe(true);
  });
});

describe('enqueue() on a disk that is nearly full', () => {
  async function enqueueWith(statfs: Record<string, number>, entry: Event | Batch = one): Promise<unknown> {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(() => undefined);
    const full = { ...disk, statfsSync: (() => statfs) as unknown as typeof disk.statfsSync };
    return createFileInbox(root, { random: randomBytes, disk: full })
      .enqueue(entry)
      .catch((error: unknown) => error);
  }
  const roomy = { bsize: 4096, blocks: 1e6, bavail: 1e6, files: 1e6, ffree: 1e6 };

  it('enqueue() refuses when hardly any space or inodes are left', async () => {
    expect(await enqueueWith(roomy)).toBeUndefined();
    expect(await enqueueWith({ ...roomy, bavail: 10 })).toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringContaining('hardly any space'),
    });
    expect(await enqueueWith({ ...roomy, ffree: 10 })).toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringContaining('hardly any inodes'),
    });
  });

  it('enqueue() of a batch counts all of it, and a byte an event', async () => {
    const large = { ...header, payloads: Array.from({ length: 100_000 }, () => Buffer.from('"x"')) };
    const need = 2 ** 20 + batchToBytes(large).length + 100_000;
    const withFree = (bytes: number) =>
      enqueueWith({ ...roomy, bsize: 1, blocks: 1e12, bavail: bytes }, large);
    expect(await withFree(need)).toBeUndefined();
    expect(await withFree(need - 1)).toMatchObject({ code: 'TEMPORARY' });
  });

  it('enqueue() goes on where the file system tells of neither', async () => {
    expect(await enqueueWith({ bsize: 4096, blocks: 0, bavail: 0, files: 0, ffree: 0 })).toBeUndefined();
    expect(await enqueueWith({ ...roomy, files: 0, ffree: 0 })).toBeUndefined();
  });
});
