/** Power cuts while capnhook drain runs: nothing is lost, and only what was not durable yet comes again. */
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { randomNumbers } from '../support/random-numbers.js';
import { startRecorder } from '../support/recorder.js';
import { createWorld, type Running, until } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import type { ImageOptions } from './support/mounts.js';
import { problemsOf, readLedger } from './support/oracle.js';
import { kinds, powerCutTests } from './support/power-cut.js';
import { createPowerRig } from './support/power-rig.js';

const concurrency = 3;
/** The most removals that are made durable together. */
const removalsAtOnce = 256;

describe.each(Object.entries(kinds))('a power cut on %s', (kind, image) => {
  const { testHere, testControl } = powerCutTests(kind);

  testHere(
    'capnhook drain: intake and sends lose nothing, and repeat only what was not durable yet',
    async () => {
      await cutWhileDraining(image, measure(2, 60));
    },
  );

  testControl(
    'capnhook drain in the middle of an intake: nothing is sent before its queues and incoming/ are durable, and all is sent once',
    async () => {
      for (const place of ['queue/quick/00000001', 'incoming']) await cutWhileTakingIn(image, place);
    },
  );

  testControl(
    'the same cut does make all come again that capnhook drain sends and does not fsync',
    async () => {
      const sent = 2 * removalsAtOnce;
      expect(await owedAfterCut(image, { sent, isSynced: true })).toBe(0);
      expect(await owedAfterCut(image, { sent, isSynced: false })).toBe(sent);
    },
  );
});

async function cutWhileDraining(image: ImageOptions, rounds: number): Promise<void> {
  const world = createWorld();
  const rig = await createPowerRig(world, image);
  const spool = `${rig.disk.path}/spool`;
  const random = randomNumbers(13);
  const recorders = {
    quick: await startRecorder(),
    flapping: await startRecorder({ latencyMs: () => random() * 4, fails: (n) => n % 20 === 0 }),
  };
  const received = { quick: recorders.quick.delivered, flapping: recorders.flapping.delivered };
  world.hooks(`
hooks: {"**": [quick, flapping]}
endpoints: {quick: "${recorders.quick.url}", flapping: "${recorders.flapping.url}"}
defaults: {concurrency: ${concurrency}, retry: {schedule: [5ms], jitter: 0}}
`);
  const accepted = new Map<string, string>();
  const repeats = createRepeats(received);
  const requests = (): number => recorders.quick.requests() + recorders.flapping.requests();

  for (let round = 0; round < rounds; round++) {
    const payloads = Array.from(
      { length: 500 },
      (_, n) => `{"round":${round},"n":${n},"text":"${'z'.repeat(2000)}"}`,
    );
    const args = ['fire', 'load', '--ndjson', '-', '--id', `r${round}`, '--spool', spool];
    expect(await rig.run(args, payloads.join('\n'))).toMatchObject({ code: 0 });
    for (const [n, payload] of payloads.entries()) accepted.set(`r${round}_${n + 1}`, payload);

    const wanted = requests() + 1 + random() * 900;
    let over = false;
    const drain = async (): Promise<Running> => {
      const running = rig.start(['drain', '--wait', '20s', '--spool', spool]);
      running.ended.then(() => {
        over = true;
      });
      return running;
    };
    // Every other cut comes at any moment, most of all while it starts and takes in; the others while it sends.
    const cut = (): Promise<unknown> =>
      round % 2 === 0
        ? sleep(80 + random() * 250)
        : until('the load is on', () => over || requests() >= wanted);
    await rig.cutWhile(drain, { atOnce: 1, cut });
    for (const recorder of Object.values(recorders)) await recorder.quiet();

    const ledger = readLedger(rig.outside(spool));
    expect([...ledger.incoming].filter((id) => received.quick.has(id) || received.flapping.has(id))).toEqual(
      [],
    );
    expect(repeats.note(ledger.owed)).toBeLessThanOrEqual(removalsAtOnce + 2 * concurrency);
  }
  let drained = await rig.run(['drain', '--wait', '25s', '--spool', spool]);
  for (let n = 0; drained.code === 75 && n < rounds; n++)
    drained = await rig.run(['drain', '--wait', '25s', '--spool', spool]);
  expect(drained).toMatchObject({ code: 0 });
  const judged = { spool: rig.outside(spool), accepted, received, mayRepeat: repeats.mayRepeat };
  expect(problemsOf(judged)).toEqual([]);
  expect(readLedger(rig.outside(spool))).toEqual({
    incoming: new Set(),
    unclaimed: new Set(),
    owed: new Set(),
    dead: new Set(),
    corrupt: [],
  });
  expect(new Set([...received.quick.keys(), ...received.flapping.keys()])).toEqual(new Set(accepted.keys()));
}

/** Sends a batch, and cuts the power when all is done. @returns how many of its events are in the spool again */
async function owedAfterCut(
  image: ImageOptions,
  { sent, isSynced }: { sent: number; isSynced: boolean },
): Promise<number> {
  const world = createWorld();
  const rig = await createPowerRig(world, image);
  const recorder = await startRecorder();
  world.hooks(`hooks: {"**": here}\nendpoints: {here: "${recorder.url}"}\n`);
  const spool = `${rig.disk.path}/spool`;
  const lines = Array.from({ length: sent }, (_, n) => `${n}\n`).join('');
  expect(await rig.run(['fire', 'load', '--ndjson', '-', '--spool', spool], lines)).toMatchObject({
    code: 0,
  });
  const args = ['drain', '--spool', spool];
  const drain = isSynced ? rig.start(args) : rig.startWithoutFsync(args);
  expect(await drain.ended).toMatchObject({ code: 0 });
  expect(recorder.delivered.size).toBe(sent);
  await rig.disk.cut();
  await rig.disk.remount();
  const { incoming, owed } = readLedger(rig.outside(spool));
  return incoming.size + owed.size;
}

/** Takes in five events and a batch for two endpoints, whose fsync of one place is waited for when the power goes. */
async function cutWhileTakingIn(image: ImageOptions, place: string): Promise<void> {
  const world = createWorld();
  const rig = await createPowerRig(world, image);
  const spool = `${rig.disk.path}/spool`;
  const endpoints = await startEndpoints({ names: ['quick', 'other'] });
  world.hooks(endpoints.hooks);
  const accepted = new Map<string, string>();
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    expect(await rig.run(['fire', 'load', '-d', `"${id}"`, '--id', id, '--spool', spool])).toMatchObject({
      code: 0,
    });
    accepted.set(id, `"${id}"`);
  }
  const path = `${spool}/${place}`;
  const drain = rig.startWithSlowFsync(['drain', '--spool', spool], { path, ms: 20_000 });
  const names = (room: string): string[] => {
    const directory = rig.outside(`${spool}/${room}`);
    return existsSync(directory) ? readdirSync(directory).sort() : [];
  };
  const taken = ['a.json', 'b.json', 'c.json', 'd.json', 'e.json'];
  await until('all are in the queues', () =>
    ['quick', 'other'].every((name) => names(`queue/${name}/00000001`).join() === taken.join()),
  );
  if (place === 'incoming') await until('none are in incoming/', () => names('incoming').length === 0);
  await sleep(300); // whoever does not wait for that fsync would go on now
  await rig.disk.cut();
  drain.kill('SIGKILL');
  await drain.ended;
  await endpoints.quiet();
  await rig.disk.remount();
  expect(endpoints.requests()).toBe(0);

  expect(await rig.run(['drain', '--spool', spool])).toMatchObject({ code: 0 });
  expect(problemsOf({ spool: rig.outside(spool), accepted, received: endpoints.received })).toEqual([]);
  expect(endpoints.requests()).toBe(2 * accepted.size);
  const { incoming, owed, corrupt } = readLedger(rig.outside(spool));
  expect([...incoming, ...owed, ...corrupt]).toEqual([]);
}

interface Repeats {
  /** After a cut: whatever was answered and is owed again will come again. Returns how many those are. */
  note(owed: ReadonlySet<string>): number;
  mayRepeat(key: string): number;
}

function createRepeats(received: Readonly<Record<string, ReadonlyMap<string, readonly string[]>>>): Repeats {
  const counts = new Map<string, number>();
  const noted = new Set<string>();
  return {
    note(owed) {
      let again = 0;
      for (const [endpoint, bodies] of Object.entries(received)) {
        for (const [id, { length }] of bodies) {
          const key = `${endpoint} ${id}`;
          // One that was not repeated yet since an earlier cut is not owed a second repeat.
          if (!owed.has(key) || noted.has(`${key} ${length}`)) continue;
          noted.add(`${key} ${length}`);
          counts.set(key, (counts.get(key) ?? 0) + 1);
          again += 1;
        }
      }
      return again;
    },
    mayRepeat: (key) => counts.get(key) ?? 0,
  };
}
