/**
 * What must hold however often and wherever capnhook is killed: accepted ⊆
 * delivered ∪ queued ∪ dead, nothing torn, and nothing sent twice but what was
 * in flight at a kill.
 */
import { describe, expect, test } from 'vitest';
import { measure } from '../faults/support/measure.js';
import { readLedger } from '../faults/support/oracle.js';
import { randomNumbers } from '../support/random-numbers.js';
import { type Recorder, startRecorder } from '../support/recorder.js';
import { createWorld, eachOf, type Running, until, type World } from '../support/world.js';

/** How often a drain is killed, and how often `fire`. */
const [kills, times] = [measure(8, 200), measure(30, 1_000)];
const concurrency = 3;

/** Kills after so many milliseconds, and resolves to how it ended. */
async function killAfter(running: Running, ms: number): Promise<number | NodeJS.Signals> {
  const timer = setTimeout(() => running.kill('SIGKILL'), ms);
  const { code } = await running.ended;
  clearTimeout(timer);
  return code;
}

/** The ids of the events in `queue/` and `retry/` of an endpoint, those of batches one by one. */
function owedTo(world: World, endpoint: string): string[] {
  const mine = [...readLedger(world.spool).owed].filter((key) => key.startsWith(`${endpoint} `));
  return mine.map((key) => key.slice(endpoint.length + 1));
}

describe('crashes', () => {
  test(`capnhook drain killed with SIGKILL ${kills} times under load loses nothing, and repeats only what was in flight`, async () => {
    const world = createWorld();
    const random = randomNumbers(1);
    const recorders: Record<string, Recorder> = {
      quick: await startRecorder(),
      slow: await startRecorder({ latencyMs: () => Math.floor(random() * 6) }),
      flapping: await startRecorder({ latencyMs: () => Math.floor(random() * 3), fails: (n) => n % 5 === 0 }),
    };
    const endpoints = Object.entries(recorders).map(([name, { url }]) => `  ${name}: "${url}"\n`);
    world.hooks(`
hooks: {"**": [quick, slow, flapping]}
endpoints:
${endpoints.join('')}
defaults: {concurrency: ${concurrency}, retry: {schedule: [5ms], jitter: 0}}
`);
    const accepted = new Map<string, string>();
    /** How often a delivery may be repeated, and which repeats have been counted. */
    const mayRepeat = new Map<string, number>();
    const settled = new Set<string>();

    async function fireSome(round: number): Promise<void> {
      const payloads = Array.from(
        { length: 40 },
        (_, n) => `{"round":${round},"n":${n},"text":"${'x'.repeat(2000)}"}`,
      );
      const fired = await world.run(['fire', 'load', '--ndjson', '-', '--id', `r${round}`], {
        input: payloads.join('\n'),
      });
      expect(fired).toMatchObject({ code: 0 });
      for (const [n, payload] of payloads.entries()) accepted.set(`r${round}_${n + 1}`, payload);
    }

    /** Whatever was answered and is still owed will come again: no more than was in flight may be so. */
    function noteRepeats(): void {
      for (const [name, { delivered }] of Object.entries(recorders)) {
        const again = owedTo(world, name).filter(
          (id) => delivered.has(id) && !settled.has(`${name} ${id} ${delivered.get(id)?.length}`),
        );
        expect(again.length).toBeLessThanOrEqual(concurrency);
        for (const id of again) {
          settled.add(`${name} ${id} ${delivered.get(id)?.length}`);
          mayRepeat.set(`${name} ${id}`, (mayRepeat.get(`${name} ${id}`) ?? 0) + 1);
        }
      }
    }
    let killed = 0;
    for (let round = 0; round < kills; round++) {
      await fireSome(round);
      const before = recorders.slow?.requests() ?? 0;
      const drain = world.start(['drain', '--wait', '20s']);
      if (round % 3 === 0) {
        // At any moment of its life, most of all while it starts and takes in.
        killed += (await killAfter(drain, 40 + random() * 100)) === 'SIGKILL' ? 1 : 0;
      } else {
        // While it sends.
        const wanted = before + 1 + Math.floor(random() * 30);
        let over = false;
        drain.ended.then(() => {
          over = true;
        });
        await until('the load is on', () => over || (recorders.slow?.requests() ?? 0) >= wanted);
        drain.kill('SIGKILL');
        killed += (await drain.ended).code === 'SIGKILL' ? 1 : 0;
      }
      for (const recorder of Object.values(recorders)) await recorder.quiet();
      noteRepeats();
    }
    expect(killed).toBe(kills);
    expect(await world.run(['drain', '--wait', '25s'])).toMatchObject({ code: 0 });

    expect(world.names('queue')).toEqual([]);
    expect(world.names('retry')).toEqual([]);
    expect(world.names('incoming')).toEqual([]);
    expect(world.names('corrupt')).toEqual([]);
    expect(world.names('dead')).toEqual([]);
    for (const [name, { delivered }] of Object.entries(recorders)) {
      expect([...delivered.keys()].sort()).toEqual([...accepted.keys()].sort());
      for (const [id, bodies] of delivered) {
        expect(new Set(bodies)).toEqual(new Set([accepted.get(id)]));
        expect(bodies.length - 1, `${id} for ${name}`).toBeLessThanOrEqual(
          mayRepeat.get(`${name} ${id}`) ?? 0,
        );
      }
    }
  }, 240_000);

  test(`capnhook fire killed ${times} times at any moment: what exited 0 is delivered, and nothing is ever torn`, async () => {
    const world = createWorld();
    const recorder = await startRecorder();
    world.hooks(`hooks: {"**": "${recorder.url}"}\n`);
    const random = randomNumbers(2);
    const payloadOf = (n: number): string => `{"n":${n},"text":"${'y'.repeat(300_000)}"}`;
    const files = Array.from({ length: times }, (_, n) => world.file(`${n}.json`, payloadOf(n)));

    const began = performance.now();
    expect(await world.run(['fire', 'load', '-d', '-1'])).toMatchObject({ code: 0 });
    // Follows how long a life is on this machine now, so that about half of them are cut short.
    let lifeMs = performance.now() - began;
    const accepted = new Set<number>([-1]);
    let killed = 0;
    await eachOf(
      files,
      async (file, n) => {
        // From before it has begun to write until after it has ended; most of all around its end.
        const ms = lifeMs * (n % 4 === 0 ? 1.4 * random() : 0.7 + 0.6 * random());
        const code = await killAfter(world.start(['fire', 'load', file]), ms);
        lifeMs *= code === 0 ? 0.95 : 1.05;
        if (code === 0) accepted.add(n);
        else expect(code).toBe('SIGKILL');
        if (code === 'SIGKILL') killed += 1;
      },
      2,
    );
    expect(killed).toBeGreaterThan(times / 10);
    expect(accepted.size).toBeGreaterThan(times / 10);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });

    const bodies = [...recorder.delivered.values()].flat();
    const numbers = bodies.map((body) => (body === '-1' ? -1 : (JSON.parse(body) as { n: number }).n));
    expect([...accepted].filter((n) => !numbers.includes(n))).toEqual([]);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [at, n] of numbers.entries())
      expect(bodies[at] === (n === -1 ? '-1' : payloadOf(n)), `event ${n}`).toBe(true);
    expect(world.names('corrupt')).toEqual([]);
  }, 240_000);
});
