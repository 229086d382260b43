/** `fire()` of the library, many at once: killed at its system calls by strace, and with the power cut. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { systemDisk } from '../../src/spool/file/disk/disk.js';
import { ensureSpool } from '../../src/spool/file/setup/create.js';
import { expectAccepted, firingScript } from '../support/firing-child.js';
import { createWorld, type Ended, eachOf, node, until, type World } from '../support/world.js';
import { measure } from './support/measure.js';
import { createMounts, type ImageOptions, imageNeeds, mountImage } from './support/mounts.js';
import { fewThreads, readCalls, sample, strace } from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace'] });

function makeSpool({ spool }: World): void {
  ensureSpool(systemDisk, spool, { token: 'made' });
}

function fireBelow(prefix: readonly string[], world: World): Promise<Ended> {
  return world.exec(node, [firingScript(world, { atOnce: 6, rounds: 1 })], { prefix, env: fewThreads });
}

describe('fire() of several at once, killed with strace at its system calls', () => {
  test('what had resolved is in incoming/, and nothing is torn', async () => {
    const recorded = createWorld();
    const trace = `${recorded.root}/recorded`;
    makeSpool(recorded);
    expect(await fireBelow(strace({ trace, kills: true }), recorded)).toMatchObject({ code: 0 });
    const all = readCalls(trace, recorded.spool).filter(({ changes }) => changes);
    const calls = sample(all, measure(3, 1));

    let hit = 0;
    await eachOf(
      calls,
      async ({ name, nth }) => {
        const world = createWorld();
        makeSpool(world);
        const inject = { call: name, effect: 'signal=KILL', when: `${nth}` };
        const { code, stdout } = await fireBelow(strace({ trace: `${world.root}/killed`, inject }), world);
        expectAccepted(world.spool, stdout);
        hit += Number(code === 'SIGKILL');
        rmSync(world.root, { recursive: true });
      },
      2,
    );
    console.log(`fire() of several at once: killed at ${hit} of ${calls.length} calls`);
    expect(hit).toBeGreaterThan(calls.length * 0.7);
  });
});

/** As in power-cut.test.ts. */
const kinds: Record<string, ImageOptions> = {
  ext4: { megabytes: 48, mkfs: 'mkfs.ext4 -q -F', options: 'commit=300' },
  xfs: { megabytes: 300, mkfs: 'mkfs.xfs -q -f' },
};

describe.each(Object.entries(kinds))('fire() of 64 at once, and a power cut on %s', (kind, image) => {
  const testHere = testWith({
    ...imageNeeds,
    commands: [...imageNeeds.commands, 'xfs_io', `mkfs.${kind}`],
  });

  // The process goes on without its disk, and must not say then that anything was accepted.
  testHere('what had resolved is there when the disk is back', async () => {
    const world = createWorld();
    const mounts = await createMounts(world);
    const disk = await mountImage(world, mounts, image);
    const script = firingScript(world);
    for (let round = 0; round < measure(3, 60); round += 1) {
      const spool = `${disk.path}/${round}/spool`;
      const env = { CAPNHOOK_SPOOL: spool, UV_THREADPOOL_SIZE: round % 2 === 0 ? '64' : undefined };
      const running = world.launch(node, [script], { prefix: mounts.prefix, env });
      let said = 0;
      running.child.stdout.on('data', (text: string) => {
        said += text.length;
      });
      await until('many are accepted', () => said > 27 * 64);
      await sleep(Math.random() * 30);
      await disk.cut();
      const { stdout, ...ended } = await running.ended;
      expect(ended).toEqual({ code: 1, stderr: '' });
      await disk.remount();
      expectAccepted(mounts.outside(spool), stdout);
    }
  });
});
