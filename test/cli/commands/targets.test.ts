import { describe, expect, it } from 'vitest';
import { secret, tails } from '../../support/cli-kit.js';
import { createPlace } from '../../support/place.js';

describe('capnhook targets', () => {
  const text = `hooks:
  complete: ["${secret}"]
  build.failed: [chat, {url: {file: /run/url}}]
  "build.*": [audit, chat]
endpoints:
  chat: {url: {env: CHAT_URL}}
  audit: {url: {credential: audit}}
`;

  it('targets lists every registration, without the URLs', async () => {
    const place = createPlace();
    place.hooks(text);
    const { code, stdout, stderr } = await place.run(['targets']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^complete\thttps:\/\/a\.example \(a\.example~[0-9a-f]{12}\)$/),
      'build.failed\tchat (URL from $CHAT_URL)',
      expect.stringMatching(/^build\.failed\tfile~[0-9a-f]{12} \(URL from \/run\/url\)$/),
      'build.*\taudit (URL from credential audit)',
      'build.*\tchat (URL from $CHAT_URL)',
      '',
    ]);
    expect(stdout).not.toMatch(tails);
  });

  it('targets of a hook are who would receive it, each once', async () => {
    const place = createPlace();
    place.hooks(text);
    expect((await place.run(['targets', 'build.failed'])).stdout.match(/chat/g)).toHaveLength(1);
    const nobody = await place.run(['targets', 'nobody']);
    expect(nobody).toMatchObject({
      code: 66,
      stdout: '',
      stderr: expect.stringContaining('has no hook nobody'),
    });
  });

  it('targets of an empty file are none', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    expect(await place.run(['targets'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: nobody is registered\n',
    });
    expect((await place.run(['targets', '--json'])).stdout).toBe('{"version":1,"hooks":[]}\n');
  });

  it('targets --show-urls shows URLs whole', async () => {
    const place = createPlace();
    place.hooks(text);
    expect((await place.run(['targets', 'complete', '--show-urls'])).stdout).toContain(
      `\t${secret} (a.example~`,
    );
  });

  it('targets --json has scheme, host and id, and the URL only if asked', async () => {
    const place = createPlace();
    place.hooks(text);
    const json = async (...argv: string[]) =>
      JSON.parse((await place.run(['targets', '--json', ...argv])).stdout).hooks;
    expect(await json('complete')).toEqual([
      { hook: 'complete', endpoints: [{ id: expect.any(String), scheme: 'https', host: 'a.example' }] },
    ]);
    expect(await json('complete', '--show-urls')).toMatchObject([{ endpoints: [{ url: secret }] }]);
    expect((await json())[1].endpoints[0]).toEqual({ id: 'chat' });
    expect((await json('--show-urls'))[1].endpoints[0]).toEqual({ id: 'chat', url: { env: 'CHAT_URL' } });
  });

  it('targets without a hooks file is 78, and says how to make one', async () => {
    const place = createPlace();
    expect(await place.run(['targets'])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/Cannot find the hooks file .*\n {2}Make one with/),
    });
    expect(await place.run(['targets', '../x'])).toMatchObject({ code: 64 });
  });
});
