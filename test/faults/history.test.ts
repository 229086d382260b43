/**
 * A random history: events are fired, drains are started, killed, stopped and
 * frozen, endpoints flap, and files that are history only get lost. The oracle
 * holds at the end, and every repeat is explained by an attempt in flight at a
 * crash.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { randomNumbers } from '../support/random-numbers.js';
import { createWorld, type Running } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';

const lastsMs = measure(30_000, 600_000);
const seed = Number(process.env.CAPNHOOK_FAULTS_SEED ?? 3);
const names = ['steady', 'flapping', 'moody'];
const concurrency = 3;
const schedule = '20ms, 50ms, 100ms, 100ms, 200ms, 500ms, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s';

test(
  `nothing is lost, torn, or repeated without a reason in ${lastsMs / 1000} s of random faults (seed ${seed})`,
  async () => {
    const world = createWorld();
    const random = randomNumbers(seed);
    /** Of their own, since it is by chance how many answers there are between two acts. */
    const delays = randomNumbers(seed + 1);
    const pick = <T>(...all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
    const mood = { flapping: 204, moody: 204 };
    let onArrival = (): void => undefined;
    let healed = false;
    const endpoints = await startEndpoints({
      names,
      defaults: `concurrency: ${concurrency}, timeout: 5s, retry: {schedule: [${schedule}], jitter: 0.2}`,
      async answer({ endpoint, id }) {
        if (endpoint === 'steady') onArrival();
        await sleep(Math.floor(delays() * 4));
        if (healed || endpoint === 'steady') return 204;
        const status = endpoint === 'flapping' ? mood.flapping : mood.moody;
        // Some events are poison as long as its mood lasts.
        return status === 400 && !id.endsWith('7') ? 204 : status;
      },
    });
    world.hooks(endpoints.hooks);
    const accepted = new Map<string, string>();
    /** How often a delivery may come again, and which of its answers have been counted for that. */
    const mayRepeat = new Map<string, number>();
    const counted = new Set<string>();
    const log: string[] = [];
    let drain: Running | undefined;
    let fired = 0;
    let kills = 0;

    async function fire(): Promise<void> {
      const id = `e${fired++}`;
      const payload = JSON.stringify({ id, text: 'x'.repeat(Math.floor(random() * 3_000)) });
      const running = world.start(['fire', 'load', '--id', id, '-'], { input: payload });
      if (random() < 0.1) setTimeout(() => running.kill('SIGKILL'), random() * 80);
      if ((await running.ended).code === 0) accepted.set(id, payload);
      else if (readLedger(world.spool).incoming.has(id)) accepted.set(id, payload);
    }

    async function fireBatch(): Promise<void> {
      const id = `b${fired++}`;
      const payloads = Array.from(
        { length: 1 + Math.floor(random() * 60) },
        (_, n) => `{"b":"${id}","n":${n}}`,
      );
      const { code } = await world.run(['fire', 'load', '--ndjson', '-', '--id', id], {
        input: payloads.join('\n'),
      });
      expect(code).toBe(0);
      for (const [n, payload] of payloads.entries()) accepted.set(`${id}_${n + 1}`, payload);
    }

    /** What was answered and is still owed after a crash was in flight at it. */
    async function noteRepeats(): Promise<void> {
      await endpoints.quiet();
      const { owed } = readLedger(world.spool);
      for (const name of names) {
        const again: string[] = [];
        for (const [id, bodies] of endpoints.received[name] ?? []) {
          const key = `${name} ${id}`;
          if (!owed.has(key) || counted.has(`${key} ${bodies.length}`)) continue;
          counted.add(`${key} ${bodies.length}`);
          mayRepeat.set(key, (mayRepeat.get(key) ?? 0) + 1);
          again.push(key);
        }
        expect(again.length, `in flight at one crash: ${again.join(', ')}`).toBeLessThanOrEqual(concurrency);
      }
    }

    function startDaemon(): void {
      drain ??= world.start(['drain', '--daemon', '--grace', '2s'], { lifeMs: 2 * lastsMs });
    }

    async function endDrain(signal: NodeJS.Signals): Promise<void> {
      const ending = drain;
      drain = undefined;
      ending?.kill(signal);
      if ((await ending?.ended)?.code !== 'SIGKILL') return;
      kills += 1;
      await noteRepeats();
    }

    /** What is answered to a request that has just come, its sender will not hear. */
    async function killAtRequest(): Promise<void> {
      startDaemon();
      const arrived = new Promise<void>((resolve) => {
        onArrival = () => {
          drain?.kill('SIGKILL');
          resolve();
        };
      });
      await fireBatch();
      await Promise.race([arrived, sleep(2_000)]);
      onArrival = () => undefined;
      await endDrain('SIGKILL');
    }

    function turn(endpoint: keyof typeof mood, ...statuses: number[]): void {
      mood[endpoint] = pick(...statuses);
    }

    const acts: ReadonlyArray<readonly [weight: number, name: string, act: () => Promise<void> | void]> = [
      [8, 'fire', fire],
      [3, 'fire a batch', fireBatch],
      [4, 'flap', () => turn('flapping', 204, 204, 503, 500, 429)],
      [3, 'change its mood', () => turn('moody', 204, 204, 400, 422, 500, 408)],
      [5, 'start the daemon', startDaemon],
      [2, 'pass', async () => void (drain === undefined && (await world.run(['drain'])))],
      [4, 'kill the drain', () => endDrain('SIGKILL')],
      [1, 'kill the drain at a request', killAtRequest],
      [1, 'stop the drain', () => endDrain('SIGTERM')],
      [
        1,
        'freeze the drain',
        async () => {
          drain?.kill('SIGSTOP');
          await sleep(random() * 300);
          drain?.kill('SIGCONT');
        },
      ],
      [
        1,
        'lose the health',
        () => {
          for (const name of readdirSync(world.spool).includes('endpoints') ? world.names('endpoints') : [])
            rmSync(join(world.spool, 'endpoints', name), { force: true });
        },
      ],
      [4, 'wait', () => sleep(random() * 300)],
    ];
    const lots = acts.flatMap(([weight, name, act]) => Array.from({ length: weight }, () => ({ name, act })));

    expect(await world.run(['fire', 'load', '--id', 'first', '-d', '1'])).toMatchObject({ code: 0 });
    accepted.set('first', '1');
    const until = performance.now() + lastsMs;
    while (performance.now() < until) {
      const { name, act } = pick(...lots);
      log.push(name);
      await act();
    }
    await endDrain('SIGKILL');
    healed = true;
    let code: unknown = 75;
    for (let runs = 0; code === 75 && runs < 4; runs += 1)
      code = (await world.run(['drain', '--wait', '20s'])).code;

    const { spool } = world;
    const problems = problemsOf({
      spool,
      accepted,
      received: endpoints.received,
      mayRepeat: (key) => mayRepeat.get(key) ?? 0,
    });
    expect(problems, log.slice(-50).join('; ')).toEqual([]);
    const { incoming, owed, corrupt } = readLedger(spool);
    expect({ incoming: [...incoming], owed: [...owed], corrupt }).toEqual({
      incoming: [],
      owed: [],
      corrupt: [],
    });
    expect(endpoints.received.steady?.size).toBeGreaterThanOrEqual(accepted.size);
    console.log(`${kills} kills of a drain; ${mayRepeat.size} deliveries were in flight at one`);
    expect(kills).toBeGreaterThan(3);
    expect(mayRepeat.size).toBeGreaterThan(0);
  },
  lastsMs + 120_000,
);
