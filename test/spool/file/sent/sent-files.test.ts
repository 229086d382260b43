/** `sent/`: a rename each instead of an unlink, best effort, and bounded. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dayName } from '../../../../src/spool/file/sent/sent-days.js';
import { describeSent } from '../../../contracts/sent-contract.js';
import { event } from '../../../support/builders.js';
import { type Fault, faultyDisk } from '../../../support/faulty-disk.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOutAll,
  filesBelow,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
} from '../../../support/spool-kit.js';

describeSent('createFileSpool()', () => {
  let now = Date.now();
  return { spool: spoolAt(`${quickDir()}/spool`, { now: () => now }), setNow: (ms) => (now = ms) };
});

async function queued(count: number, fault: Fault = () => undefined) {
  const root = madeSpool(quickDir());
  const spool = spoolAt(root, { disk: faultyDisk(fault).disk });
  for (let n = 0; n < count; n += 1) await spool.enqueue(event());
  const side = await sideOf(spool);
  await fanOutAll(side, () => ['a']);
  const today = `${root}/sent/${dayName(Date.now())}/a`;
  return { root, side, today, deliveries: await claimAll(side, 'a') };
}

describe('sent/', () => {
  it('done() makes no call more where nothing is kept', async () => {
    const calls: string[] = [];
    let isWatching = false;
    const { side, deliveries, root } = await queued(1, ({ name, args }) => {
      if (isWatching) calls.push(`${name} ${String(args[0]).replace(/^.*\/spool\//, '')}`);
      return undefined;
    });
    isWatching = true;
    await own.done(side, deliveries[0]!);
    isWatching = false;
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatch(/^unlinkSync queue\/a\//);
    await side.close();
    expect(names(root)).not.toContain('sent');
  });

  it('done() renames, and reads and writes no byte', async () => {
    const calls: string[] = [];
    let isWatching = false;
    const { side, deliveries } = await queued(2, ({ name }) => {
      if (isWatching) calls.push(name);
      return undefined;
    });
    await own.done(side, deliveries[0]!, { keepMaxBytes: 1_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    isWatching = true;
    await own.done(side, deliveries[1]!, { keepMaxBytes: 1_000 });
    isWatching = false;
    expect(calls).toEqual(['renameSync', 'unlinkSync', 'lstatSync']);
    await side.close();
  });

  it.each(['EACCES', 'ENOSPC', 'EXDEV', 'EROFS'])(
    'done() removes what cannot be kept because of %s: it must not be sent twice',
    async (errno) => {
      const { root, side, deliveries } = await queued(3, ({ name, args }) =>
        ['mkdirSync', 'renameSync'].includes(name) &&
        String(args.at(name === 'renameSync' ? 1 : 0)).includes('/sent')
          ? errno
          : undefined,
      );
      for (const delivery of deliveries) await own.done(side, delivery, { keepMaxBytes: 1_000 });
      expect(filesBelow(`${root}/queue`)).toEqual([]);
      expect(filesBelow(`${root}/sent`)).toEqual([]);
      await side.close();
    },
  );

  it('done() makes a directory again that a person has removed', async () => {
    const { root, side, deliveries, today } = await queued(2);
    await own.done(side, deliveries[0]!, { keepMaxBytes: 1_000 });
    rmSync(`${root}/sent`, { recursive: true });
    await own.done(side, deliveries[1]!, { keepMaxBytes: 1_000 });
    expect(names(today)).toEqual([`${deliveries[1]!.event.id}.json`]);
    await side.close();
  });

  it('close() notes the sizes, which the next side begins with', async () => {
    const { root, side, deliveries, today } = await queued(3);
    for (const delivery of deliveries) await own.done(side, delivery, { keepMaxBytes: 10_000 });
    await side.close();
    const bytes = names(today).reduce((sum, name) => sum + readFileSync(`${today}/${name}`).length, 0);
    expect(JSON.parse(readFileSync(`${root}/sent/sizes.json`, 'utf8'))).toEqual({ a: bytes });
  });

  it('done() looks at the files where the sizes are not noted', async () => {
    const { root, side, deliveries, today } = await queued(1);
    mkdirSync(`${root}/sent/2020-01-01/a`, { recursive: true });
    writeFileSync(`${root}/sent/2020-01-01/a/evt_old.json`, 'x'.repeat(10_000));
    await own.done(side, deliveries[0]!, { keepMaxBytes: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(filesBelow(`${root}/sent/2020-01-01`)).toEqual([]);
    expect(names(today)).toHaveLength(1);
    await side.close();
  });

  it('pruneSent() leaves what it did not put there', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/sent/2020-01-01/a`, { recursive: true });
    for (const path of ['notes.txt', '2020-01-01/README']) writeFileSync(`${root}/sent/${path}`, 'mine');
    writeFileSync(`${root}/sent/2020-01-01/a/evt_1.json`, '{}');
    const spool = spoolAt(root, { now: () => Date.parse('2020-02-01T00:00:00.000Z') });
    await spool.pruneSent(() => 86_400_000);
    expect(filesBelow(`${root}/sent`)).toEqual(['2020-01-01/README', 'notes.txt']);
  });
});
