import webhooks from '@octokit/webhooks-examples';
import { expect, test } from 'vitest';
import { createWorld, eachOf } from '../support/world.js';

/** Its types speak of an ES module, and it is a JSON file. */
const events = webhooks as unknown as ReadonlyArray<{ name: string; examples: readonly unknown[] }>;

test("every example of GitHub's webhooks, fired by its event's name, is received byte for byte", async () => {
  const world = createWorld();
  const receiver = await world.receiver();
  await world.run(['register', '*', receiver.url]);
  const sent = new Map<string, string>();

  await eachOf(events, async ({ name, examples }) => {
    const [first, ...others] = examples;
    // The first as a person would keep it, the others as a log would.
    const pretty = JSON.stringify(first, null, 2);
    expect(
      await world.run(['fire', name, world.file(`${name}.json`, pretty), '--id', `${name}-0`]),
    ).toMatchObject({ code: 0 });
    sent.set(`${name} ${name}-0`, pretty);
    if (others.length === 0) return;
    const lines = others.map((example) => JSON.stringify(example));
    const fired = await world.run(['fire', name, '--ndjson', '-', '--id', name], { input: lines.join('\n') });
    expect(fired).toMatchObject({ code: 0 });
    for (const [n, line] of lines.entries()) sent.set(`${name} ${name}_${n + 1}`, line);
  });
  expect(sent.size).toBe(events.reduce((sum, { examples }) => sum + examples.length, 0));
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });

  expect(receiver.requests).toHaveLength(sent.size);
  for (const { headers, body } of receiver.requests) {
    const key = `${headers['capnhook-hook']} ${headers['webhook-id']}`;
    expect(body.toString() === sent.get(key), key).toBe(true);
  }
  expect(world.names('corrupt')).toEqual([]);
});
