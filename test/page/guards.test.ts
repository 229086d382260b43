import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureBuilt } from '../support/built.js';
import { cookieOf, servePage } from '../support/page-kit.js';

beforeAll(ensureBuilt, 120_000);

const secret = 'a-hook-that-nobody-may-see';

describe('the dashboard', () => {
  test.each([
    '/',
    '/entries',
    '/failures',
    '/endpoints/chat',
    '/events/evt_1',
    '/events/evt_1/payload',
    '/live?of=%2F',
    '/assets/page.js',
    '/nowhere',
  ])('shows nothing at %s without the token, and says so', async (path) => {
    const { place, ask } = await servePage();
    await place.run(['fire', secret, '-d', '1']);
    const asked = await ask(path);
    expect(asked.status).toBe(401);
    expect(asked.text).toContain('This page needs its token');
    expect(asked.text).not.toContain(secret);
    expect(asked.text).not.toContain(place.spool);
  });

  test('lets in who has the token, by a cookie that no script and no other site can use', async () => {
    const { place, ask, token, asBrowser } = await servePage();
    await place.run(['fire', secret, '-d', '1']);
    const entered = await ask('/enter', { method: 'POST', form: [['token', token]] });
    expect(String(entered.headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(entered.text).not.toContain(secret);
    expect((await asBrowser('/entries')).text).toContain(secret);
  });

  test.each(['', 'x', 'A'.repeat(43)])('lets nobody in with %j for a token', async (token) => {
    const { ask } = await servePage();
    const asked = await ask('/enter', { method: 'POST', form: [['token', token]] });
    expect(asked).toMatchObject({ status: 401, text: expect.stringContaining('needs its token') });
    expect(cookieOf(asked)).toBe('');
  });

  test('lets a browser in by a private file with a code that is good once, and not by its name', async () => {
    const { served, ask, token } = await servePage();
    const file = served.writeOpeningFile();
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file.path)).mode & 0o777).toBe(0o700);
    const page = readFileSync(file.path, 'utf8');
    const code = /name="code" value="([^"]+)"/.exec(page)?.[1] ?? '';
    expect(page).toContain(`action="${served.origin}/enter"`);
    expect(page).not.toContain(token);
    expect(file.path).not.toContain(code);
    const enter = () =>
      ask('/enter', { method: 'POST', form: [['code', code]], headers: { origin: 'null' } });
    expect((await enter()).status).toBe(200);
    expect((await enter()).status).toBe(401);
    file.remove();
    expect(() => statSync(dirname(file.path))).toThrow('ENOENT');
  });

  test.each([
    'evil.example',
    'evil.example:8710',
    '127.0.0.1.evil.example',
    'localhost.evil.example',

    '[::1',
  ])('refuses the Host header %j, with the right cookie too', async (host) => {
    const { asBrowser } = await servePage();
    const asked = await asBrowser('/', { headers: { host } });
    expect([400, 403]).toContain(asked.status);
    expect(asked.text).not.toContain('Overview');
  });

  test.each(['localhost', '127.0.0.1:9000', '[::1]:8710'])('takes the Host header %s', async (host) => {
    const { ask, token } = await servePage();
    const headers = { host };
    const entered = await ask('/enter', { method: 'POST', form: [['token', token]], headers });
    const asked = await ask('/', { headers: { ...headers, cookie: cookieOf(entered) } });
    expect(asked).toMatchObject({ status: 200, text: expect.stringContaining('Overview') });
  });

  test.each(['https://evil.example', 'null', 'http://127.0.0.1:1', ''])(
    'refuses a form with the Origin header %j, and changes nothing',
    async (origin) => {
      const { place, asBrowser } = await servePage();
      place.hooks('hooks: {complete: [{url: "http://127.0.0.1:9/in"}]}');
      await place.run(['fire', 'lost', '-d', '1']);
      const form = [
        ['do', 'drop matching'],
        ['confirmed', 'yes'],
      ] as const;
      const asked = await asBrowser('/steer', { method: 'POST', form, headers: { origin } });
      expect(asked).toMatchObject({ status: 403, text: expect.not.stringContaining('Done') });
      expect(place.names('incoming')).toHaveLength(1);
    },
  );

  test('is never framed, cached or sniffed, and runs no script but its own', async () => {
    const { asBrowser } = await servePage();
    for (const path of ['/', '/nowhere', '/assets/page.js']) {
      const { headers } = await asBrowser(path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain('unsafe');
    }
    expect((await asBrowser('/')).text).not.toMatch(/ style=|<style| on[a-z]+=|<script>/);
  });

  test('with readOnly has no buttons, and no form that changes anything', async () => {
    const { place, asBrowser } = await servePage({ readOnly: true });
    await place.run(['fire', 'lost', '-d', '1']);
    const { text } = await asBrowser('/entries');
    expect(text).toContain('read-only');
    expect(text).not.toContain('name="do"');
    const form = [
      ['do', 'drop matching'],
      ['confirmed', 'yes'],
    ] as const;
    expect(await asBrowser('/steer', { method: 'POST', form })).toMatchObject({ status: 404 });
    expect(place.names('incoming')).toHaveLength(1);
  });

  test('refuses a form that is too large', async () => {
    const { asBrowser } = await servePage();
    const asked = await asBrowser('/steer', { method: 'POST', form: [['entry', 'x'.repeat(300_000)]] });
    expect(asked.status).toBe(413);
  });
});
