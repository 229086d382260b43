/** Deliveries on hold cost a pass next to nothing: what was found on hold is not read again while nothing has changed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createWorld } from '../support/world.js';

/** A directory that changed within this time may change again unnoticed, so its deliveries are read once more. */
const unsureMs = 2_100;

test('capnhook drain does not read deliveries on hold again until something changes', async () => {
  const world = createWorld();
  let status = 503;
  const receiver = await world.receiver(() => ({ status }));
  world.hooks(`hooks: {complete: ["${receiver.url}"]}\n`);
  for (const text of ['1', '2', '3']) await world.run(['fire', 'complete', '-d', text]);
  expect(await world.run(['drain'])).toMatchObject({ code: 75 });
  world.hooks('hooks: {}\n');
  await sleep(unsureMs);
  expect((await world.run(['drain'])).stderr).toContain('3 deliveries for');
  // Whoever reads this one finds it corrupt.
  const [file = ''] = readdirSync(`${world.spool}/queue`, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.json'),
  );
  const path = `${world.spool}/queue/${file}`;
  const whole = readFileSync(path);
  writeFileSync(path, 'garbage');
  const drained = await world.run(['drain', '--json']);
  expect(JSON.parse(drained.stdout)).toMatchObject({ owed: 3, onHold: 3, corrupt: 0 });
  writeFileSync(path, whole);
  status = 204;
  receiver.requests.length = 0;
  world.hooks(`hooks: {complete: ["${receiver.url}"]}\n`);
  await world.run(['drain', '--wait', '20s']);
  expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual(['1', '2', '3']);
  expect(world.names('corrupt')).toEqual([]);
});

test('capnhook drain looks at deliveries on hold again when one comes or goes', async () => {
  const world = createWorld();
  world.hooks(`hooks: {complete: ["http://127.0.0.1:1/in"]}\n`);
  await world.run(['fire', 'complete', '-d', '1']);
  await world.run(['drain']);
  world.hooks('hooks: {}\n');
  await sleep(unsureMs);
  await world.run(['drain']);
  await world.run(['fire', '--to', 'http://127.0.0.1:1/in', '-d', '2']);
  const drained = JSON.parse((await world.run(['drain', '--json'])).stdout);
  expect(drained).toMatchObject({ owed: 2, queues: [{ why: 'parked' }] });
  await world.run(['deregister', 'http://127.0.0.1:1/in']);
  expect(world.names('dead')).toHaveLength(1);
  expect(JSON.parse((await world.run(['drain', '--json'])).stdout)).toMatchObject({ owed: 1 });
});
