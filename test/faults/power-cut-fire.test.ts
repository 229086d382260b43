/** Power cuts while capnhook fire runs: what exited 0 is there whole afterwards, and delivered. */
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { randomNumbers } from '../support/random-numbers.js';
import { startRecorder } from '../support/recorder.js';
import { createWorld, type Running, until } from '../support/world.js';
import { measure } from './support/measure.js';
import type { ImageOptions } from './support/mounts.js';
import { problemsOf, readLedger } from './support/oracle.js';
import { kinds, powerCutTests } from './support/power-cut.js';
import { createPowerRig } from './support/power-rig.js';

describe.each(Object.entries(kinds))('a power cut on %s', (kind, image) => {
  const { testHere, testControl } = powerCutTests(kind);

  testHere('capnhook fire: what exited 0 is delivered whole, whenever the cut came', async () => {
    const random = randomNumbers(11);
    await cutWhileFiring(image, { rounds: measure(3, 80), cutMs: () => random() * 300 }, (n) => {
      const payload = `{"n":${n},"text":"${'x'.repeat(random() * 100_000)}"}`;
      return { args: ['-', '--id', `n${n}`], input: payload, events: new Map([[`n${n}`, payload]]) };
    });
  });

  testHere('capnhook fire --ndjson: a batch is there whole or not at all', async () => {
    const random = randomNumbers(12);
    await cutWhileFiring(image, { rounds: measure(3, 60), cutMs: () => random() * 300 }, (n) => {
      const payloads = Array.from(
        { length: 5 },
        (_, at) => `{"n":${n},"at":${at},"text":"${'y'.repeat(300)}"}`,
      );
      const events = new Map(payloads.map((payload, at) => [`b${n}_${at + 1}`, payload]));
      return { args: ['--ndjson', '-', '--id', `b${n}`], input: payloads.join('\n'), events };
    });
  });

  testControl('capnhook fire does not exit 0 when the disk goes away before its last fsync', async () => {
    const rig = await createPowerRig(createWorld(), image);
    const args = ['fire', 'load', '-d', '1', '--spool', `${rig.disk.path}/spool`];
    expect(await rig.run(args)).toMatchObject({ code: 0 });
    const fired = rig.startWithSlowFsync([...args, '--id', 'second'], { when: 2, ms: 1_500 });
    const incoming = rig.outside(`${rig.disk.path}/spool/incoming`);
    await until('it is renamed', () => readdirSync(incoming).includes('second.json'));
    await rig.disk.cut();
    expect((await fired.ended).code).toBe(74);
  });

  testControl('the same cut does lose what capnhook fire does not fsync', async () => {
    const rig = await createPowerRig(createWorld(), image);
    const spool = `${rig.disk.path}/spool`;
    for (const id of ['a', 'b', 'c'])
      await rig.run(['fire', 'load', '-d', '1', '--id', id, '--spool', spool]);
    for (const id of ['d', 'e']) {
      const fired = rig.startWithoutFsync(['fire', 'load', '-d', '1', '--id', id, '--spool', spool]);
      expect(await fired.ended).toMatchObject({ code: 0 });
    }
    await rig.disk.cut();
    await rig.disk.remount();
    expect([...readLedger(rig.outside(spool)).incoming].sort()).toEqual(['a', 'b', 'c']);
  });

  testControl('the same cut does lose what capnhook fire fsyncs in tmp/, without the directory', async () => {
    const rig = await createPowerRig(createWorld(), image);
    const spool = `${rig.disk.path}/spool`;
    await rig.run(['fire', 'load', '-d', '1', '--id', 'a', '--spool', spool]);
    const fired = rig.startWithoutFsync(['fire', 'load', '-d', '1', '--spool', spool], { from: 2 });
    expect(await fired.ended).toMatchObject({ code: 0 });
    await rig.disk.cut();
    await rig.disk.remount();
    expect([...readLedger(rig.outside(spool)).incoming]).toEqual(['a']);
  });

  testControl('the same cut does lose a batch that capnhook fire --ndjson does not fsync', async () => {
    const rig = await createPowerRig(createWorld(), image);
    const spool = `${rig.disk.path}/spool`;
    const args = (id: string): string[] => ['fire', 'load', '--ndjson', '-', '--id', id, '--spool', spool];
    expect(await rig.run(args('a'), '1\n2')).toMatchObject({ code: 0 });
    const fired = rig.startWithoutFsync(args('b'), { input: '3\n4' });
    expect(await fired.ended).toMatchObject({ code: 0 });
    await rig.disk.cut();
    await rig.disk.remount();
    expect([...readLedger(rig.outside(spool)).incoming].sort()).toEqual(['a_1', 'a_2']);
  });
});

/** One call of `fire`, and the payloads it stands for by event id. */
interface Firing {
  args: readonly string[];
  input: string;
  events: ReadonlyMap<string, string>;
}

/** Fires four at a time, with a cut in the middle of it, in each round into a spool that is not made yet. */
async function cutWhileFiring(
  image: ImageOptions,
  { rounds, cutMs }: { rounds: number; cutMs(): number },
  firing: (n: number) => Firing,
): Promise<void> {
  const world = createWorld();
  const rig = await createPowerRig(world, image);
  const recorder = await startRecorder();
  world.hooks(`hooks: {"**": here}\nendpoints: {here: "${recorder.url}"}\n`);
  const fired: Firing[] = [];
  let acceptedInAll = 0;
  let cutShort = 0;

  for (let round = 0; round < rounds; round++) {
    const spool = `${rig.disk.path}/${round}/spool`;
    const accepted = new Map<string, string>();
    const fireNext = async (): Promise<Running> => {
      const next = firing(fired.length);
      fired.push(next);
      const running = rig.start(['fire', 'load', ...next.args, '--spool', spool], next.input);
      running.ended.then(({ code }) => {
        if (code === 0) for (const [id, payload] of next.events) accepted.set(id, payload);
        else cutShort += 1;
      });
      return running;
    };
    // Some cuts come while the spool is being made, the others when it has accepted something.
    const cut = async (): Promise<void> => {
      if (round % 3 !== 0) await until('an event is accepted', () => accepted.size > 0);
      await sleep(cutMs());
    };
    await rig.cutWhile(fireNext, { atOnce: 4, cut });
    // A spool that was cut off while it was made is not there, and a drain of a spool that is named says so.
    const isThere = accepted.size > 0 || existsSync(rig.outside(spool));
    expect(await rig.run(['drain', '--spool', spool])).toMatchObject({ code: isThere ? 0 : 73 });
    if (!isThere) continue;

    const received = { here: recorder.delivered };
    expect(problemsOf({ spool: rig.outside(spool), accepted, received })).toEqual([]);
    expect(readLedger(rig.outside(spool)).corrupt).toEqual([]);
    acceptedInAll += accepted.size;
  }
  expect(acceptedInAll).toBeGreaterThan(0);
  expect(cutShort).toBeGreaterThan(0);
  const known = new Map(fired.flatMap(({ events }) => [...events]));
  for (const [id, bodies] of recorder.delivered) expect(bodies.join() === known.get(id), id).toBe(true);
  for (const { events } of fired) {
    const arrived = [...events.keys()].filter((id) => recorder.delivered.has(id));
    expect([0, events.size]).toContain(arrived.length);
  }
}
