import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fired, tails } from '../../support/cli-kit.js';
import { documentsIn, misfits } from '../../support/json-schemas.js';
import { createPlace, type Place } from '../../support/place.js';
import { startReceiver } from '../../support/receiver.js';

interface Row {
  id: string;
  state: string;
  endpoint?: { id: string };
  [member: string]: unknown;
}

async function rows(place: Place, ...argv: string[]): Promise<Row[]> {
  const { code, stdout } = await place.run(['list', '--json', ...argv]);
  expect(code).toBe(0);
  const documents = documentsIn(stdout) as unknown as Row[];
  for (const document of documents) expect(misfits('list', document)).toEqual([]);
  return documents;
}

const states = (listed: readonly Row[]) => listed.map(({ state }) => state);

/** Endpoints that answer 503, 413 and 410, and an event for each, which was tried once; beside it entries in every other state. */
async function crowded(): Promise<Place & { close(): Promise<void> }> {
  const place = createPlace();
  const down = await startReceiver(() => ({ status: 503 }));
  const picky = await startReceiver(() => ({ status: 413 }));
  const gone = await startReceiver(() => ({ status: 410 }));
  const hooks = `  down: [{url: "${down.url}"}]\n  picky: [{url: "${picky.url}"}]\n  gone: [{url: "${gone.url}"}]\n`;
  place.hooks(`hooks:\n${hooks}  left: ["http://127.0.0.1:9/left"]\n`);
  for (const hook of ['down', 'picky', 'gone', 'left', 'nobody']) await fired(place, hook);
  await place.run(['drain']);
  place.hooks(`hooks:\n${hooks}`);
  mkdirSync(`${place.spool}/dead/old`, { recursive: true });
  const dead = `${place.spool}/dead/old/evt_01HZZZZZZZZZZZZZZZZZZZZZZZ`;
  writeFileSync(`${dead}.json`, '{"hook":"down","payload":1}');
  const why = {
    reason: 'gave-up',
    message: 'last answer: 503',
    attempts: 9,
    time: '2026-11-01T00:00:00.000Z',
  };
  writeFileSync(`${dead}.why.json`, JSON.stringify(why));
  writeFileSync(`${place.spool}/corrupt/bad.json`, 'x');
  writeFileSync(`${place.spool}/corrupt/bad.json.why`, 'it is not JSON\u001b[31m\n');
  await fired(place, 'down');
  return Object.assign(place, {
    close: async () => void (await Promise.all([down, picky, gone].map((each) => each.close()))),
  });
}

describe('capnhook list', () => {
  it('list tells every entry with its state, attempts and reason', async () => {
    const place = await crowded();
    const listed = await rows(place);
    expect(states(listed).sort()).toEqual(
      ['corrupt', 'dead', 'on-hold', 'incoming', 'parked', 'paused', 'retry', 'unclaimed'].sort(),
    );
    const of = (state: string) => listed.find((row) => row.state === state);
    expect(of('parked')).toMatchObject({
      hook: 'down',
      attempts: 1,
      nextTry: expect.any(String),
      reason: '503',
    });
    expect(of('paused')).toMatchObject({ hook: 'gone', reason: expect.stringContaining('410') });
    expect(of('retry')).toMatchObject({ hook: 'picky', attempts: 1, nextTry: expect.any(String) });
    expect(of('on-hold')).toMatchObject({ hook: 'left', reason: 'its endpoint is not registered for it' });
    expect(of('dead')).toMatchObject({
      attempts: 9,
      why: 'gave-up',
      reason: 'last answer: 503',
      endpoint: { id: 'old' },
    });
    expect(of('corrupt')).toMatchObject({ id: 'bad.json', reason: 'it is not JSON\u001b[31m' });
    expect(of('parked')?.endpoint).toMatchObject({
      scheme: 'http',
      host: expect.stringMatching(/^127\.0\.0\.1:/),
    });
    await place.close();
  });

  it('list prints a line each, in which foreign text shows and never acts', async () => {
    const place = await crowded();
    const { stdout, stderr } = await place.run(['list']);
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(8);
    expect(lines.find((line) => line.includes(' parked '))).toMatch(
      /^evt_\w{26} {2}parked {5}down .* 1× {2}503, next try in \ds$/,
    );
    expect(lines.at(-1)).toMatch(/^bad\.json +corrupt .* it is not JSON\\u\{1b\}\[31m$/);
    await place.close();
  });

  it('list finds what its options name', async () => {
    const place = await crowded();
    expect(states(await rows(place, '--state', 'parked,retry')).sort()).toEqual(['parked', 'retry']);
    expect(states(await rows(place, '--hook', 'down')).sort()).toEqual(['dead', 'incoming', 'parked']);
    expect(states(await rows(place, '--hook', '*', '--state', 'unclaimed'))).toEqual(['unclaimed']);
    expect(states(await rows(place, '--endpoint', 'old'))).toEqual(['dead']);
    expect(states(await rows(place, '--older', '2026-11-02', '--state', 'dead'))).toEqual([]);
    expect(await rows(place, '--since', '1h')).not.toHaveLength(0);
    expect(await rows(place, '--limit', '2')).toHaveLength(2);
    expect(await place.run(['list', '--hook', 'none'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'capnhook: nothing is listed\n',
    });
    expect((await place.run(['list', '--hook', 'none', '-q'])).stderr).toBe('');
    await place.close();
  });

  it.each([
    [['--state', 'parkd'], 64, 'Did you mean parked?'],
    [['--limit', 'all'], 64, '--limit needs a number from 1'],
    [['--since', 'soon'], 64, '--since needs a time or a duration'],
    [['--hook', 'a/b'], 64, 'hook'],
    [['--endpoint', 'chad'], 66, 'no endpoint "chad" is known'],
  ])('list %j is refused with %i', async (argv, code, words) => {
    const ran = await createPlace().run(['list', ...argv]);
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(words) });
  });

  it('list shows no URL unless it is asked to', async () => {
    const place = createPlace();
    const secret = 'http://127.0.0.1:9/s3cret?token=t0ken';
    await place.run(['fire', '--to', secret, '--to', `${secret}2`, '-d', '1']);
    place.hooks('hooks: {}\n');
    await place.run(['drain']);
    const shown = await place.run(['list']);
    expect(shown.stdout).toContain('127.0.0.1~');
    expect(shown.stdout + (await place.run(['list', '--json'])).stdout).not.toMatch(tails);
    expect((await place.run(['list', '--json', '--show-urls'])).stdout).toContain(secret);
  });

  it('list of a spool that was named and is missing says so', async () => {
    const place = createPlace();
    expect(await place.run(['list', '--spool', `${place.root}/none`])).toMatchObject({ code: 73 });
    expect(await place.run(['list'])).toMatchObject({ code: 0, stdout: '' });
  });
});
