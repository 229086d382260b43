import { beforeAll, describe, expect, test } from 'vitest';
import { status } from '../../src/library/status.js';
import { ensureBuilt } from '../support/built.js';
import { servePage } from '../support/page-kit.js';
import { createPlace } from '../support/place.js';

beforeAll(ensureBuilt, 120_000);

const hostile = '<script>alert(1)</script><img src=x onerror=alert(2)>\u202e\u001b[31m';

/** An event that nobody receives, one that is parked and one that is dead. */
async function filled() {
  const place = createPlace();
  place.hooks(`hooks:
  complete: [chat]
  other: ["http://127.0.0.1:9/other-secret-path"]
endpoints:
  chat: {url: "http://127.0.0.1:9/secret-path"}`);
  await place.run(['fire', 'complete', '--id', 'evt_parked', '-d', JSON.stringify({ hostile })]);
  await place.run(['fire', 'lost', '--id', 'evt_lost', '-d', '1']);
  await place.run(['drain', '-q']);
  await place.run(['fire', 'other', '--id', 'evt_dead', '-d', '2']);
  await place.run(['drop', 'evt_dead', '--yes', '-q']);
  return servePage({}, place);
}

describe('the dashboard', () => {
  test('has on its first page the figures of status()', async () => {
    const { place, asBrowser } = await filled();
    const { text } = await asBrowser('/');
    const { totals, endpoints } = await status({ env: place.env });
    for (const [name, value] of Object.entries({
      queued: totals.queued.total,
      dead: totals.dead,
      unclaimed: totals.unclaimed,
      corrupt: totals.corrupt,
    }))
      expect(text).toContain(`data-figure="${name}" data-value="${value}"`);
    for (const { endpoint, state } of endpoints) {
      expect(text).toContain(`data-endpoint="${endpoint.id}"`);
      expect(text).toContain(`data-figure="state" data-value="${state}"`);
    }
  });

  test('lists entries by state, by endpoint, hook and time', async () => {
    const { asBrowser } = await filled();
    const listed = async (query: string): Promise<string[]> => {
      const { text } = await asBrowser(`/entries?${query}`);
      return [...text.matchAll(/href="\/events\/(\w+)"/g)].map(([, id = '']) => id);
    };
    expect(await listed('')).toEqual(['evt_parked', 'evt_lost', 'evt_dead']);
    expect(await listed('state=parked')).toEqual(['evt_parked']);
    expect(await listed('state=dead')).toEqual(['evt_dead']);
    expect(await listed('endpoint=chat')).toEqual(['evt_parked']);
    expect(await listed('hook=lost')).toEqual(['evt_lost']);
    expect(await listed('since=1h')).toHaveLength(3);
    expect(await listed('before=1h')).toEqual([]);
  });

  test.each(['state=x', 'since=yesterday', 'endpoint=chad', 'hook=**%20x'])(
    'says what is wrong with the filter %s',
    async (query) => {
      const { asBrowser } = await filled();
      const { status: code, text } = await asBrowser(`/entries?${query}`);
      expect([400, 404]).toContain(code);
      expect(text).toContain('role="alert"');
    },
  );

  test('never shows a URL whole', async () => {
    const { asBrowser } = await filled();
    for (const path of ['/', '/entries', '/endpoints/chat', '/events/evt_parked', '/failures'])
      expect((await asBrowser(path)).text).not.toContain('secret-path');
  });

  test('shows a payload only when it is asked for, escaped, and gives its exact bytes', async () => {
    const { asBrowser } = await filled();
    const { text } = await asBrowser('/events/evt_parked');
    expect(text).not.toContain('alert(1)');
    const shown = await asBrowser('/events/evt_parked/payload');
    expect(shown.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(shown.text).toContain('\\u{202e}');
    expect(shown.text).not.toContain('<img src=x');
    const raw = await asBrowser('/events/evt_parked/payload?raw=1');
    expect(raw.text).toBe(JSON.stringify({ hostile }));
    expect(raw.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="evt_parked.json"',
    });
  });

  test('asks with the count, and does it when that is confirmed', async () => {
    const { place, asBrowser } = await filled();
    const ask = [
      ['do', 'retry matching'],
      ['state', 'dead'],
    ] as const;
    const asked = await asBrowser('/steer', { method: 'POST', form: ask });
    expect(asked.text).toContain('1 delivery');
    expect(asked.text).toContain('capnhook retry --dead');
    expect((await status({ env: place.env })).totals.dead).toBe(1);
    const done = await asBrowser('/steer', { method: 'POST', form: [...ask, ['confirmed', 'yes']] });
    expect(done.text).toContain('Retried: 1 delivery');
    expect((await status({ env: place.env })).totals.dead).toBe(0);
  });

  test('moves the rows that were chosen, for the endpoint that was chosen, and no others', async () => {
    const place = createPlace();
    place.hooks('hooks: {complete: ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"]}');
    for (const id of ['evt_1', 'evt_2']) await place.run(['fire', 'complete', '--id', id, '-d', '1']);
    await place.run(['drain', '-q']);
    const { asBrowser } = await servePage({}, place);
    const { text } = await asBrowser('/entries');
    const rows = [...text.matchAll(/name="entry" value="([^"]+)"/g)].map(([, value = '']) => value);
    expect(rows).toHaveLength(4);
    const form = [
      ['do', 'drop selected'],
      ['entry', rows[0] ?? ''],
      ['entry', rows[3] ?? ''],
      ['confirmed', 'yes'],
    ] as const;
    expect((await asBrowser('/steer', { method: 'POST', form })).text).toContain(
      '2 deliveries moved to dead/',
    );
    const left = (await asBrowser('/entries?state=parked')).text.matchAll(/name="entry" value="([^"]+)"/g);
    expect([...left].map(([, value]) => value)).toEqual([rows[1], rows[2]]);
  });

  test('pauses and resumes an endpoint', async () => {
    const { place, asBrowser } = await filled();
    const form = (action: string) =>
      [
        ['do', `${action} endpoint`],
        ['of', 'chat'],
        ['confirmed', 'yes'],
      ] as const;
    expect((await asBrowser('/steer', { method: 'POST', form: form('pause') })).text).toContain(
      'chat is paused',
    );
    expect((await asBrowser('/endpoints/chat')).text).toContain('resume endpoint');
    expect((await asBrowser('/steer', { method: 'POST', form: form('resume') })).text).toContain(
      'chat is resumed',
    );
    const { endpoints } = await status({ endpoint: 'chat', env: place.env });
    expect(endpoints[0]?.pausedBy).toBeUndefined();
  });

  test.each([
    [['do', 'explode selected']],
    [['do', 'retry selected']],
    [
      ['do', 'retry selected'],
      ['entry', 'nonsense'],
    ],
    [['do', 'drop endpoint']],
    [['do', 'pause matching']],
    [
      ['do', 'drop matching'],
      ['state', 'corrupt'],
    ],
  ] as ReadonlyArray<ReadonlyArray<readonly [string, string]>>)(
    'refuses the form %j in words',
    async (...form) => {
      const { asBrowser } = await servePage();
      const asked = await asBrowser('/steer', { method: 'POST', form: form as never });
      expect(asked).toMatchObject({ status: 400, text: expect.stringContaining('role="alert"') });
    },
  );

  test('never leads to another site', async () => {
    const { asBrowser } = await filled();
    for (const back of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      'javascript:alert(1)',
    ]) {
      const form = [
        ['do', 'retry matching'],
        ['back', back],
      ] as const;
      expect((await asBrowser('/steer', { method: 'POST', form })).text).not.toContain('evil.example');
    }
  });

  test('says that an event is not there', async () => {
    const { asBrowser } = await servePage();
    for (const path of ['/events/evt_none', '/endpoints/none', '/nowhere'])
      expect((await asBrowser(path)).status).toBe(404);
  });
});
