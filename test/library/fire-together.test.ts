import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fire, fireBatch } from '../../src/index.js';
import { createPlace } from '../support/place.js';
import { quickDir } from '../support/spool-kit.js';

it('fire() of 64 at once makes the spool and accepts each event', async () => {
  const { env, names } = createPlace();
  const fired = await Promise.all(Array.from({ length: 64 }, (_, n) => fire('complete', { n }, { env })));
  expect(names('incoming')).toEqual(fired.map(({ id }) => `${id}.json`).sort());
  expect(new Set(fired.map(({ id }) => id)).size).toBe(64);
});

it('fire() and fireBatch() at once: one that is refused leaves the others alone', async () => {
  const { env, names } = createPlace();
  const settled = await Promise.allSettled([
    fire('complete', 1, { env, id: 'one' }),
    fire('complete', 2, { env, id: 'one' }),
    fire('complete', undefined, { env }),
    fireBatch('complete', Buffer.from('1\n2\n'), { env, id: 'lines' }),
  ]);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(names('incoming')).toEqual(['lines.jsonl', 'one.json']);
});

it('fire() into many spools at once keeps them apart', async () => {
  const directory = quickDir();
  const spools = Array.from({ length: 40 }, (_, n) => `${directory}/${n}`);
  const fired = await Promise.all([...spools, ...spools].map((spool) => fire('complete', 1, { spool })));
  for (const [n, spool] of spools.entries())
    expect(readdirSync(`${spool}/incoming`)).toEqual(
      [`${fired[n]?.id}.json`, `${fired[n + 40]?.id}.json`].sort(),
    );
});
