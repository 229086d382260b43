/** A wish beside a drain: for how long that is waited for. */
import { describe, expect, it } from 'vitest';
import { createMemorySpool } from '../../../src/spool/memory/memory-spool.js';
import type { DrainSide } from '../../../src/spool/spool.js';
import { fulfil } from '../../../src/usecases/operate/fulfil.js';

/** Deregisters an endpoint beside a drain that does something at each look, `ms` after the beginning. */
async function ending(drain: (side: DrainSide, ms: number) => Promise<void> | void) {
  const spool = createMemorySpool({ now: () => 0 });
  const opened = await spool.join('daemon');
  if (!opened.joined) throw new Error('it is held');
  let ms = 0;
  let told = 0;
  const request = { id: '1', wish: { kind: 'deregister' as const, select: { endpoints: ['a'] } } };
  const ports = {
    spool,
    clock: { now: () => ms, monotonic: () => ms },
    openJournal: () => ({ write() {}, close() {} }),
    async sleep(passed: number) {
      ms += passed;
      await drain(opened.side, ms);
    },
  };
  const isEnded = await fulfil(ports, request, {
    isRegistered: () => false,
    onWaiting: () => {
      told += 1;
    },
  });
  return { isEnded, ms, told, isLeft: await spool.hasRequest('1') };
}

describe('fulfil()', () => {
  it('waits as long as the drain gets on with the request, and says so once', async () => {
    const ended = await ending((side, ms) => {
      if (ms % 10_000 === 0) side.noteProgress('1');
      if (ms === 65_000) side.finishRequest('1');
    });
    expect(ended).toEqual({ isEnded: true, ms: 65_000, told: 1, isLeft: false });
  });

  it('gives up 15 s after the last progress, and leaves the request', async () => {
    const ended = await ending((side, ms) => {
      if (ms === 1_000) side.noteProgress('1');
    });
    expect(ended).toEqual({ isEnded: false, ms: 16_000, told: 0, isLeft: true });
  });

  it('carries it out itself when the drain has ended', async () => {
    const ended = await ending(async (side, ms) => {
      if (ms === 3_000) await side.close();
    });
    expect(ended).toEqual({ isEnded: true, ms: 3_000, told: 0, isLeft: false });
  });
});
