/** A spool as version 0.1.0 left it: a batch half sent, an endpoint that was down, and a delivery that failed alone. */
import { chmodSync, cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../support/world.js';

const fixture = join(import.meta.dirname, 'fixtures/spool-of-0.1.0');

/** Gives the world that spool, private as it was. */
function useEarlierSpool({ spool }: World): void {
  cpSync(fixture, spool, { recursive: true });
  for (const entry of readdirSync(spool, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  chmodSync(spool, 0o700);
}

function numbered(member: 'n' | 'b' | 'c', from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `"${member}":${from + index}`);
}

describe('capnhook drain on a spool of version 0.1.0', () => {
  it('sends all that was owed, once, byte for byte, and nothing that was delivered', async () => {
    const world = createWorld();
    useEarlierSpool(world);
    const receiver = await world.receiver();
    const endpoints = {
      well: { url: `${receiver.url}/well` },
      down: { url: `${receiver.url}/down` },
    };
    const hooks = { single: ['well', 'down'], batch: ['well'], far: ['down'], copied: ['well', 'down'] };
    world.hooks(JSON.stringify({ hooks, endpoints }));

    expect(await world.run(['drain', '--wait', '30s'])).toMatchObject({ code: 0 });

    const sentTo = (path: string): string[] =>
      receiver.requests
        .filter((request) => request.path === path)
        .map(({ body }) => /"[nbc]":\d+/.exec(body.toString())?.[0] ?? '')
        .sort();
    expect(sentTo('/well')).toEqual(
      [...numbered('b', 6, 12), ...numbered('c', 1, 2), '"n":2', '"n":8'].sort(),
    );
    expect(sentTo('/down')).toEqual(numbered('n', 1, 8));
    const [first] = receiver.requests.filter(({ body }) => body.includes('"n":1,'));
    expect(first?.body.toString()).toBe('{"n":1,"big":12345678901234567890}');
    for (const room of ['incoming', 'queue', 'retry'])
      expect(readdirSync(join(world.spool, room), { recursive: true })).toEqual([]);
    expect(readdirSync(join(world.spool, 'corrupt')).sort()).toEqual(['torn.json', 'torn.json.why']);
    expect(readdirSync(join(world.spool, 'dead/well'))).toHaveLength(2);
  });
});
