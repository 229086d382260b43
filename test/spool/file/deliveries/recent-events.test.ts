import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRecentEvents } from '../../../../src/spool/file/deliveries/recent-events.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import type { Slot } from '../../../../src/spool/file/queue/slot.js';
import { event } from '../../../support/builders.js';
import { quickDir } from '../../../support/spool-kit.js';

describe('createRecentEvents()', () => {
  function recents() {
    const root = quickDir();
    let time = 1_000_000;
    const place = { directory: 'queue', name: 'x.json' };
    mkdirSync(`${root}/queue`);
    const recent = createRecentEvents(systemDisk, root, () => time);
    return {
      /** Puts a file there that holds an event of this payload. */
      put(payload: string) {
        rmSync(`${root}/queue/x.json`, { force: true });
        writeFileSync(`${root}/queue/x.json`, payload);
        const kept = event({ payload: Buffer.from(payload) });
        recent.add(place, { event: kept, stat: statSync(`${root}/queue/x.json`) });
      },
      removeFile: () => rmSync(`${root}/queue/x.json`),
      pass(ms: number) {
        time += ms;
      },
      take: () => recent.take({ ...place, attempts: 0 } as Slot)?.event.payload.toString(),
    };
  }

  it('take() hands an event out once, and after a while, or a leap of the clock, only if its file is there', () => {
    for (const ms of [5_000, -5_000]) {
      const { put, pass, take, removeFile } = recents();
      put('1');
      expect([take(), take()]).toEqual(['1', undefined]);
      put('2');
      pass(ms);
      expect(take()).toBe('2');
      put('3');
      pass(ms);
      removeFile();
      expect(take()).toBeUndefined();
    }
  });

  it('take() hands out the event of the file that came last to a place', () => {
    const { put, take } = recents();
    put('1');
    put('2');
    expect([take(), take()]).toEqual(['2', undefined]);
  });
});
