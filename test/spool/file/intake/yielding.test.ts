import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { mine, raced } from '../../../support/intake-kit.js';
import { own } from '../../../support/own.js';
import { claimAll, fanOut, ids, madeSpool, quickDir, sideOf, spoolAt } from '../../../support/spool-kit.js';
import { countTurns, type Turns } from '../../../support/turns.js';

describe('the intake to very many', () => {
  it('the intake of events whose places take long lets others have their turn', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) => {
      const isLink = name === 'linkSync' && String(args[1]).includes('/queue/');
      for (const since = performance.now(); isLink && performance.now() - since < 5; );
      return undefined;
    });
    const side = await sideOf(spoolAt(root, { disk }));
    for (let n = 0; n < 60; n += 1) writeFileSync(`${root}/incoming/e${n}.json`, '{"hook":"x","payload":1}');
    const turns = countTurns();
    // On a busy machine one step does not read them all.
    const { events } = await fanOut(side, () => ['a', 'b']);
    turns.stop();
    expect(events).toBeGreaterThan(16);
    expect(turns.count()).toBeGreaterThan(events / 8); // one and some for the fsyncs otherwise
    await side.close();
  });

  it('place() of one event to 2,000 endpoints lets others have their turn', async () => {
    let turns: Turns | undefined;
    let turnsPutting = 0;
    const { side, drop } = await raced(
      ({ name }) => name === 'fsync',
      () => {
        turnsPutting = turns?.count() ?? 0;
      },
    );
    drop('mine.json', mine('1'));
    const { entries } = await side.intake.take();
    turns = countTurns();
    const endpoints = Array.from({ length: 2000 }, (_, n) => `e${n}`);
    const step = side.intake.place(entries.map((entry) => ({ entry, endpoints })));
    const claiming = own.claim(side, 'e0', { limit: 1, now: 0 });
    expect(await step).toMatchObject({ events: 1, deliveries: 2000 });
    turns.stop();
    expect(turnsPutting).toBeGreaterThan(3);
    expect(turns.count()).toBeGreaterThan(turnsPutting + 20);
    expect(ids((await claiming).deliveries)).toEqual(['mine']);
    expect(await claimAll(side, 'e0')).toEqual([]);
    await side.close();
  });
});
