/** Two thousand entries of garbage in every place of a spool: drain starts, delivers what is good, and deletes nothing. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fire } from '../../src/library/fire.js';
import { shellEvent } from '../support/builders.js';
import { createWorld, until, type World } from '../support/world.js';
import { garbageOf, leftOf, missingOf, type Planted, plant } from './support/garbage.js';
import { measure } from './support/measure.js';

/** What bugs were found with stays. */
const seeds = [1, ...Array.from({ length: measure(0, 200) }, (_, n) => n + 1000)];

const count = 2_000;

/** Valid events in the places where the garbage is, by what is sent. */
async function plantGood(world: World): Promise<string[]> {
  const good: string[] = [];
  for (let n = 1; n <= 10; n += 1) {
    for (const [place, name] of [
      ['incoming', `good-${n}.json`],
      ['queue/a/00000001', `good-queued-${n}.json`],
      ['retry/a', `${Date.now() - 1000}.1.good-retry-${n}.json`],
    ]) {
      const payload = `"good ${place} ${n}"`;
      writeFileSync(`${world.spool}/${place}/${name}`, shellEvent('complete', payload));
      good.push(payload);
    }
    await fire('complete', Buffer.from(`"good ${n}"`), { spool: world.spool });
    good.push(`"good ${n}"`);
  }
  return good;
}

function isDone(world: World): boolean {
  return world.names('incoming').every((name) => name.startsWith('.'));
}

describe('capnhook on a spool full of garbage', () => {
  test.each(seeds)(
    'drain and start go on, deliver what is good, and delete nothing: seed %d',
    async (seed) => {
      const world = createWorld();
      const receiver = await world.receiver();
      world.hooks(`hooks: {"**": [a]}\nendpoints: {a: {url: "${receiver.url}"}}\n`);
      await world.run(['init']);
      const planted: Planted[] = plant(world.spool, { seed, count });
      expect(planted.length).toBeGreaterThan(count * 0.95); // a name may be there already, or too long
      expect(garbageOf(world.spool, planted).length).toBeGreaterThan(count / 4);
      const good = await plantGood(world);
      const evil = `${world.spool}/incoming/x\nFAKED LINE\u001b[2J.json`;
      writeFileSync(evil, 'evil');

      const flushed = await world.run(['flush', '--hook', 'nobody', '--yes']);
      expect(flushed.code, flushed.stderr).toBe(0);
      expect(missingOf(world.spool, planted, new Set())).toEqual([]);

      const sent = (): Set<string> => new Set(receiver.requests.map(({ body }) => body.toString()));
      for (let pass = 1; pass === 1 || (pass < 10 && !isDone(world)); pass += 1) {
        const { code, stderr } = await world.run(['drain']);
        expect([0, 69, 75], stderr).toContain(code);
        expect(stderr).not.toMatch(/^FAKED|\n {4}at /m);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal would obey them
        expect(stderr).not.toMatch(/[\0-\x08\x0b-\x1f\x7f]/);
      }
      expect(world.names('incoming').filter((name) => !name.startsWith('.'))).toEqual([]);
      expect([...sent()]).toEqual(expect.arrayContaining(good));
      expect(missingOf(world.spool, planted, sent())).toEqual([]);
      expect(leftOf(world.spool, planted)).toEqual([]);

      expect(await world.run(['start'])).toMatchObject({ code: 0 });
      expect(await world.run(['fire', 'complete', '-d', '"after"'])).toMatchObject({ code: 0 });
      await until('an event fired now is sent', () => sent().has('"after"'));
      expect(await world.run(['stop'])).toMatchObject({ code: 0 });
      expect(missingOf(world.spool, planted, sent())).toEqual([]);
    },
  );
});
