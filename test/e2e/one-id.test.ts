/** One id, two events: what one endpoint is still owed of the first keeps no other endpoint waiting for the second. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Receiver } from '../support/receiver.js';
import { createWorld, type World } from '../support/world.js';

interface Scene {
  world: World;
  failing: Receiver;
  healthy: Receiver;
  recover(): void;
}

/** `one` goes to an endpoint that fails, `two` to that one and a healthy one. */
async function scene(): Promise<Scene> {
  const world = createWorld();
  let status = 500;
  const failing = await world.receiver(() => ({ status }));
  const healthy = await world.receiver();
  world.hooks(
    `hooks: {one: ["${failing.url}"], two: ["${failing.url}", "${healthy.url}"]}\ndefaults: {retry: {schedule: [1ms]}}\n`,
  );
  const recover = () => {
    status = 204;
    failing.requests.length = 0;
  };
  return { world, failing, healthy, recover };
}

function bodiesOf({ requests }: Receiver): string[] {
  return requests.map(({ body }) => body.toString());
}

test('capnhook drain sends an event to a healthy endpoint while another of its id is queued for a failing one, once', async () => {
  const { world, failing, healthy, recover } = await scene();
  expect(await world.run(['fire', 'one', '--id', 'same', '-d', '"first"'])).toMatchObject({ code: 0 });
  expect(await world.run(['drain'])).toMatchObject({ code: 75 });
  expect(await world.run(['fire', 'two', '--id', 'same', '-d', '"second"'])).toMatchObject({ code: 0 });
  for (let pass = 0; pass < 2; pass += 1) {
    const { code, stderr } = await world.run(['drain']);
    expect([code, stderr]).toEqual([75, expect.stringContaining('2 still queued')]);
    expect(bodiesOf(healthy)).toEqual(['"second"']);
    expect(bodiesOf(failing)).not.toContain('"second"');
  }
  recover();
  expect(await world.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
  expect(bodiesOf(failing)).toEqual(['"first"', '"second"']);
  expect(failing.requests.map(({ headers }) => headers['webhook-id'])).toEqual(['same', 'same']);
  expect(bodiesOf(healthy)).toEqual(['"second"']);
  expect(world.names('queue')).toEqual([]);
});

test('capnhook drain takes in batches and files that were dropped with one id in the same pass', async () => {
  const { world, failing, healthy, recover } = await scene();
  await world.run(['init']);
  const drop = (name: string, content: string) => writeFileSync(join(world.spool, 'incoming', name), content);
  drop('a.json', '{"id":"same","hook":"one","payload":"a"}');
  drop('b.json', '{"id":"same","hook":"two","payload":"b"}');
  drop('c.jsonl', '{"id":"lines","hook":"one","events":1}\n"c"\n');
  drop('d.jsonl', '{"id":"lines","hook":"two","events":2}\n"d"\n"e"\n');
  const { code, stderr } = await world.run(['drain']);
  expect([code, stderr]).toEqual([75, expect.not.stringContaining('another event')]);
  expect(bodiesOf(healthy).sort()).toEqual(['"b"', '"d"', '"e"']);
  expect(world.names('incoming')).toEqual([]);
  recover();
  expect(await world.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
  const bodies = bodiesOf(failing);
  expect([...bodies].sort()).toEqual(['"a"', '"b"', '"c"', '"d"', '"e"']);
  expect(bodies.indexOf('"a"')).toBeLessThan(bodies.indexOf('"b"'));
  expect(bodies.indexOf('"c"')).toBeLessThan(bodies.indexOf('"d"'));
});
