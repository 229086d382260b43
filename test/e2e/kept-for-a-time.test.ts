/** What a drain removes by itself: old days of the journal, and the health of endpoints that are gone. */
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld } from '../support/world.js';

const dayMs = 86_400_000;
const dayBefore = (days: number) => new Date(Date.now() - days * dayMs).toISOString().slice(0, 10);

describe('what is kept for a time', () => {
  test.each([
    { keep: '', kept: [29], gone: [32, 400] },
    { keep: 'defaults: {journal: {keep: 90d}}\n', kept: [29, 32], gone: [400] },
  ])('drain keeps the journal as long as it should: $keep', async ({ keep, kept, gone }) => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks(`hooks: {complete: ["${receiver.url}"]}\n${keep}`);
    await world.run(['fire', 'complete', '-d', '1']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    const journal = join(world.spool, 'journal');
    const today = readdirSync(journal);
    const nameOf = (days: number) => `${dayBefore(days)}.jsonl`;
    for (const days of [...kept, ...gone]) writeFileSync(join(journal, nameOf(days)), '{}\n');
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(readdirSync(journal).sort()).toEqual([...kept.map(nameOf), ...today].sort());
  });

  test('drain removes what has been in dead/ for longer than defaults.dead.keep, says so, and keeps it otherwise', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    for (const id of ['old', 'new', 'odd']) await world.run(['fire', 'complete', '-d', '1', '--id', id]);
    await world.run(['drop', '--all', '--yes']);
    const age = (id: string, days: number): void => {
      const then = Date.now() / 1000 - days * 86_400;
      utimesSync(join(world.spool, `dead/+incoming/${id}.why.json`), then, then);
    };
    age('old', 31);
    age('odd', 4_000); // the clock must have been wrong
    const dead = () => world.names('dead/+incoming').filter((name) => !name.endsWith('.why.json'));
    expect(await world.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    expect(dead()).toHaveLength(3);
    world.hooks('hooks: {}\ndefaults: {dead: {keep: 30d}}\n');
    expect(await world.run(['drain'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: removed 1 delivery from dead/: there for longer than 30d\n',
    });
    expect(dead()).toEqual(['new.json', 'odd.json']);
    age('new', 31);
    await world.run(['drain']); // it looks once an hour
    expect(dead()).toHaveLength(2);
    const hourAgo = Date.now() / 1000 - 3_601;
    utimesSync(join(world.spool, 'dead/.swept'), hourAgo, hourAgo);
    await world.run(['drain']);
    expect(dead()).toEqual(['odd.json']);
    const [day = ''] = readdirSync(join(world.spool, 'journal'));
    expect(readFileSync(join(world.spool, 'journal', day), 'utf8')).toContain(
      '"what":"purged","event":"old"',
    );
  });

  test('drain keeps no health of URLs that were given up, and keeps that of registered and of paused ones', async () => {
    const world = createWorld();
    const receiver = await world.receiver(({ path }) => ({ status: path === '/gone' ? 410 : 503 }));
    world.hooks(`hooks: {complete: ["${receiver.url}/registered"]}
defaults: {giveUpAfter: 1ms, retry: {schedule: [0ms], jitter: 0}}
`);
    const urls = Array.from({ length: 5 }, (_, n) => `${receiver.url}/${n}`);
    await world.run(['fire', '--to', '-', '-d', '1'], { input: urls.join('\n') });
    await world.run(['fire', `${receiver.url}/gone`, '-d', '1']);
    await world.run(['fire', 'complete', '-d', '1']);
    for (let n = 0; n < 9; n += 1) await world.run(['drain']);
    expect(world.names('dead')).toHaveLength(6);
    await world.run(['drain']);
    expect(world.names('endpoints')).toHaveLength(2);
  });

  test('drain keeps the health of a paused URL that nobody is registered with for 30 days', async () => {
    const world = createWorld();
    world.hooks('hooks: {complete: []}\n');
    await world.run(['init']);
    await world.run(['drain']);
    const path = join(world.spool, 'endpoints/old.example~000000000000.json');
    writeFileSync(path, '{"endpoint":"old.example~000000000000","paused":"410"}\n');
    await world.run(['drain']);
    expect(world.names('endpoints')).toHaveLength(1);
    const long = Date.now() / 1000 - 31 * 86_400;
    utimesSync(path, long, long);
    await world.run(['drain']);
    expect(world.names('endpoints')).toEqual([]);
  });
});
