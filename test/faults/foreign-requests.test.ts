/** A shared spool, whose drain obeys its owner and root alone. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect } from 'vitest';
import { needs, prefixOf, type Shared, shareSpool, users } from './support/shared-spool.js';
import { testWith } from './support/test-with.js';

const testHere = testWith(needs);

describe('requests to the drain', () => {
  /** An event is owed to both endpoints, and the hooks file is everybody's. */
  async function owing(): Promise<{ shared: Shared; url: string; dead(): string[] }> {
    const shared = await shareSpool();
    const { world } = shared;
    for (const path of [world.home, `${world.home}/.config`, dirname(world.config)]) chmodSync(path, 0o777);
    chmodSync(world.config, 0o666);
    shared.answer(500);
    await shared.as('submitter', 'capnhook fire load -d 1 --id one');
    expect(await shared.drain()).toMatchObject({ code: 75 });
    const dead = () =>
      readdirSync(`${shared.spool}/dead`, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('/one.json'),
      );
    return { shared, url: shared.a.url, dead };
  }

  testHere(
    'a member of the group can neither write nor read one, nor deregister, flush or stop',
    async () => {
      const { shared, url, dead } = await owing();
      const { world } = shared;
      const hooks = readFileSync(world.config, 'utf8');
      const request = '{"request":"deregister","endpoints":["a","b"]}';
      const tries = [
        ...[`printf '${request}' > control/x.json`, 'ls control'],
        ...['mv tmp/x control/', 'ln tmp/x control/x.json', 'rmdir control', 'mv control own/'],
      ];
      for (const script of tries)
        expect(
          (await shared.as('submitter', `printf '${request}' > tmp/x; ${script}`)).code,
          script,
        ).not.toBe(0);
      for (const command of [`deregister ${url}`, 'flush --yes', 'stop'])
        expect(await shared.as('submitter', `capnhook ${command}`), command).toMatchObject({ code: 77 });
      expect(readFileSync(world.config, 'utf8')).toBe(hooks);
      expect(await shared.drain()).toMatchObject({ code: 75 });
      expect(dead()).toEqual([]);
    },
  );

  testHere('its owner and root can deregister, and what root makes there belongs to the owner', async () => {
    const { shared, url, dead } = await owing();
    const { spool } = shared;
    rmSync(`${spool}/journal`, { recursive: true });
    rmSync(`${spool}/lock`);
    expect(await shared.as('root', `capnhook deregister '**' ${url}`)).toMatchObject({ code: 0 });
    expect(dead()).toEqual(['a/one.json']);
    const owners = readdirSync(spool, { recursive: true, encoding: 'utf8' })
      .filter((name) => !name.startsWith('own') && name !== 'tmp/x')
      .filter((name) => statSync(`${spool}/${name}`).uid !== users.drain);
    expect(owners).toEqual([]);
    expect(await shared.as('drain', `capnhook deregister ${shared.b.url}`)).toMatchObject({ code: 0 });
    expect(dead().sort()).toEqual(['a/one.json', 'b/one.json']);
  });

  testHere("the owner's daemon obeys root", async () => {
    const { shared, url, dead } = await owing();
    const env = { CAPNHOOK_SPOOL: shared.spool };
    const daemon = shared.world.start(['drain', '--daemon'], { prefix: prefixOf('drain'), env });
    await daemon.says('started');
    expect(await shared.as('root', `capnhook deregister ${url}`)).toMatchObject({ code: 0 });
    expect(dead()).toEqual(['a/one.json']);
    await daemon.says('was deregistered');
  });
});
