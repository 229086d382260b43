/** Files that were cut off, lost or written by somebody else: a drain starts, and only history is lost. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drain } from '../../src/library/drain/drain.js';
import { fire, fireBatch } from '../../src/library/fire.js';
import { tempDir } from '../support/temp.js';
import { createWorld } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { measure } from './support/measure.js';
import { createMutator } from './support/mutator.js';

/** A spool with a history: an endpoint that has failed, a journal, a delivery that is owed. */
async function withHistory(): Promise<{
  spool: string;
  config: string;
  health: string;
  journal: string;
  received: ReadonlyMap<string, readonly string[]>;
}> {
  const root = tempDir();
  const spool = join(root, 'spool');
  const config = join(root, 'hooks.yaml');
  let isDown = true;
  const { hooks, received } = await startEndpoints({ names: ['chat'], answer: () => (isDown ? 503 : 204) });
  writeFileSync(config, hooks);
  await fire('complete', 1, { spool });
  await drain({ spool, config });
  isDown = false;
  const day = new Date().toISOString().slice(0, 10);
  return {
    ...{ spool, config, received: received.chat ?? new Map() },
    health: join(spool, 'endpoints/chat.json'),
    journal: join(spool, `journal/${day}.jsonl`),
  };
}

describe('a drain on files that are torn', () => {
  test('drain() delivers whatever byte endpoints/ and the journal end at, and keeps what the journal had', async () => {
    const { spool, config, health, journal, received } = await withHistory();
    const whole = { health: readFileSync(health), journal: readFileSync(journal) };
    const longest = Math.max(whole.health.length, whole.journal.length);
    let fired = 1;
    for (let length = 0; length <= longest; length += 1) {
      writeFileSync(health, whole.health.subarray(0, length));
      writeFileSync(journal, whole.journal.subarray(0, length));
      await fire('complete', fired, { spool });
      fired += 1;
      // A whole one says that it is parked for 5 ms.
      const { owed } = await drain({ spool, config, waitMs: 5_000 });
      expect(owed, `cut off after ${length} bytes`).toBe(0);
      expect(received.size).toBe(fired);
      const kept = readFileSync(journal).subarray(0, Math.min(length, whole.journal.length));
      expect(kept.equals(whole.journal.subarray(0, length))).toBe(true);
    }
  });

  test('drain() loses nothing of a batch, and repeats only what is torn off, whatever byte its progress ends at', async () => {
    const root = tempDir();
    const spool = join(root, 'spool');
    const config = join(root, 'hooks.yaml');
    let refused = new Set<string>();
    const { hooks, received } = await startEndpoints({
      names: ['chat'],
      answer: ({ id }) => (refused.has(id) ? 503 : 204),
    });
    writeFileSync(config, hooks);
    const count = 24;
    const lines = Array.from({ length: count }, (_, n) => `${n}`).join('\n');
    for (let length = 0; length <= count; length += measure(3, 1)) {
      const id = `b${length}`;
      const ids = Array.from({ length: count }, (_, n) => `${id}_${n + 1}`);
      refused = new Set(ids.slice(16));
      await fireBatch('complete', Buffer.from(lines), { spool, id });
      await drain({ spool, config });
      const progress = join(spool, `queue/chat/00000001.${count}.${id}/${id}.done`);
      const whole = readFileSync(progress, 'utf8');
      expect(whole.slice(16)).toBe('........');
      writeFileSync(progress, whole.slice(0, length));
      refused.clear();
      rmSync(join(spool, 'endpoints'), { recursive: true, force: true });
      expect((await drain({ spool, config, waitMs: 5_000 })).owed, `cut off after ${length} bytes`).toBe(0);
      for (const [index, each] of ids.entries()) {
        const bodies = received.chat?.get(each) ?? [];
        expect(new Set(bodies)).toEqual(new Set([`${index}`]));
        expect(bodies.length).toBe(whole[index] === 'x' && index >= length ? 2 : 1);
      }
    }
  });

  test('drain() loses nothing, whatever endpoints/ and the journal hold instead, and delivers it all without them', async () => {
    const { spool, config, health, journal, received } = await withHistory();
    const whole = readFileSync(health);
    const mutator = createMutator(1);
    const count = measure(60, 2_000);
    for (let n = 1; n <= count; n += 1) {
      writeFileSync(health, mutator.mutate(whole));
      writeFileSync(journal, mutator.mutate(whole));
      await fire('complete', n, { spool });
      // They may say that the endpoint is parked for long, or paused.
      const { owed } = await drain({ spool, config, waitMs: 50 });
      expect(received.size + owed, `after ${n} of them`).toBe(n + 1);
    }
    rmSync(join(spool, 'endpoints'), { recursive: true, force: true });
    rmSync(join(spool, 'journal'), { recursive: true, force: true });
    const { owed } = await drain({ spool, config, waitMs: 10_000 });
    expect(owed).toBe(0);
    expect(received.size).toBe(count + 1);
  });

  test.each([
    ['capnhook-spool 2\n', /^capnhook: Cannot .*VERSION/],
    ['something else\n', /^capnhook: Cannot .*VERSION/],
    ['capnhook-spool 1000000\n', /^capnhook: Cannot .*VERSION/],
  ])(
    'capnhook refuses a spool whose VERSION is %j, with words, and touches nothing',
    async (version, words) => {
      const world = createWorld();
      const { hooks } = await startEndpoints({ names: ['chat'] });
      world.hooks(hooks);
      await world.run(['fire', 'complete', '-d', '1']);
      writeFileSync(join(world.spool, 'VERSION'), version);
      for (const args of [['fire', 'complete', '-d', '2'], ['drain']]) {
        const { code, stderr } = await world.run(args);
        expect(code).not.toBe(0);
        expect(code).not.toBe(1);
        expect(stderr).toMatch(words);
        expect(stderr).not.toMatch(/\n {4}at /);
      }
      expect(world.names('incoming')).toHaveLength(1);
      expect(existsSync(join(world.spool, 'queue/chat'))).toBe(false);
    },
  );
});
