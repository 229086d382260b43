import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fired } from '../../support/cli-kit.js';
import { createPlace } from '../../support/place.js';
import { receiver } from '../../support/receiver.js';

describe('capnhook register and deregister', () => {
  it('register makes the hooks file, and a second time changes nothing', async () => {
    const place = createPlace();
    const url = 'https://a.example/in';
    expect(await place.run(['register', 'complete', url])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const before = place.readHooks();
    expect(before).toContain(url);
    const again = await place.run(['register', 'complete', url], { terminal: ['err'] });
    expect(again).toMatchObject({ code: 0, stderr: 'capnhook: it was registered for complete already\n' });
    expect(place.readHooks()).toBe(before);
    expect((await place.run(['register', 'complete', url, '--json'])).stdout).toBe(
      '{"version":1,"changed":false}\n',
    );
    expect((await place.run(['register', 'b.*', url, '--json'])).stdout).toBe(
      '{"version":1,"changed":true}\n',
    );
    expect((await place.run(['register', '**', url, '-v'])).stderr).toBe('capnhook: registered for **\n');
    expect((await place.run(['register', 'c', url, '-v', '-q'])).stderr).toBe('');
  });

  it('register - reads the URL from standard input, so that no list of processes shows it', async () => {
    const place = createPlace();
    expect(
      await place.run(['register', 'complete', '-'], { input: ' https://a.example/in\n' }),
    ).toMatchObject({ code: 0 });
    expect(place.readHooks()).toContain('https://a.example/in');
    for (const input of ['', '\n', 'https://a.example/\nhttps://b.example/', 'x'.repeat(9_000)]) {
      const ran = await place.run(['register', 'complete', '-'], { input });
      expect(ran).toMatchObject({ code: 64, stderr: expect.stringMatching(/one line with one URL/) });
    }
  });

  it('register tells which of its two arguments comes first', async () => {
    const ran = await createPlace().run(['register', 'https://a.example/in', 'complete']);
    expect(ran).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/a URL is not the name.*\n {2}The hook comes first/),
    });
  });

  it.each<[string[], number]>([
    [['register', 'a/b', 'https://a.example/'], 64],
    [['register', 'complete', 'nobody'], 64],
    [['register', 'complete', 'ftp://a.example/'], 64],
    [['deregister', 'https://a.example/', '--hook', 'a/b'], 64],
    [['deregister', ''], 64],
    [['deregister', 'https://a.example/'], 78],
  ])('%j is refused with %d', async (argv, code) => {
    const place = createPlace();
    expect(await place.run(argv)).toMatchObject({ code });
    expect(existsSync(place.config)).toBe(false);
  });

  it('register and deregister do not touch a broken hooks file: 78, with line and column', async () => {
    const place = createPlace();
    place.hooks('hooks:\n  complete: [chat]\nhoks: {}\n');
    for (const argv of [
      ['register', 'complete', 'https://a.example/'],
      ['deregister', 'https://a.example/'],
    ]) {
      const ran = await place.run(argv);
      expect(ran.code).toBe(78);
      expect(ran.stderr).toMatch(/it has 2 problems\n {2}\d+:\d+: .*\n {2}\d+:\d+: /);
    }
    expect(place.readHooks()).toBe('hooks:\n  complete: [chat]\nhoks: {}\n');
  });

  it('deregister clears a URL from all hooks, or from one', async () => {
    const place = createPlace();
    const url = 'https://a.example/in';
    for (const hook of ['x', 'y', 'z']) await place.run(['register', hook, url]);
    expect((await place.run(['deregister', url, '--hook', 'y'])).stderr).toBe(
      'capnhook: deregistered from y\n',
    );
    expect((await place.run(['deregister', url])).stderr).toBe('capnhook: deregistered from x, z\n');
    expect((await place.run(['deregister', url])).stderr).toBe('capnhook: it was not registered\n');
    expect((await place.run(['deregister', '-', '--json'], { input: url })).stdout).toBe(
      '{"version":1,"removedFrom":[],"moved":0,"queued":0}\n',
    );
    expect((await place.run(['deregister', url, '-q'])).stderr).toBe('');
  });

  it.each([
    ['a bare URL', (url: string) => `hooks: {complete: [${url}]}\n`],
    ['a named endpoint', (url: string) => `hooks: {complete: [chat]}\nendpoints: {chat: {url: ${url}}}\n`],
  ])('deregister of %s moves what is queued for it to dead/, and says how many', async (_, text) => {
    const place = createPlace();
    const { url } = await receiver(() => ({ status: 503 }));
    place.hooks(text(`"${url}/in"`));
    await fired(place, 'complete', 3);
    expect(await place.run(['drain'])).toMatchObject({ code: 75 });
    const dry = await place.run(['deregister', `${url}/in`, '--dry-run']);
    expect(dry.stderr).toBe(
      'capnhook: would be deregistered from complete; 3 deliveries would be moved to dead/; nothing was changed\n',
    );
    const ran = await place.run(['deregister', 'complete', `${url}/in`]);
    expect(ran.stderr).toBe('capnhook: deregistered from complete; 3 deliveries moved to dead/\n');
    expect(await place.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    expect(place.names('dead').filter((name) => !name.includes('.why.'))).toHaveLength(3);
  });
});
