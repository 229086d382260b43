import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEventId } from '../../../src/event/event-id.js';
import type { Status } from '../../../src/library/status.js';
import { randomBytes } from '../../../src/shared/machine/random.js';
import { fired, secret, tails } from '../../support/cli-kit.js';
import { documentsIn, misfits } from '../../support/json-schemas.js';
import { createPlace, type Place } from '../../support/place.js';
import { startReceiver } from '../../support/receiver.js';

const minute = 60_000;

async function json(place: Place, ...args: string[]): Promise<Status> {
  const { stdout, code, stderr } = await place.run(['status', '--json', ...args]);
  expect([code, stderr]).toEqual([0, '']);
  const [found] = documentsIn(stdout);
  expect(misfits('status', found)).toEqual([]);
  return found as Status;
}

/** Puts a delivery into an endpoint's queue, as if it had been fired some time ago. */
function queue(place: Place, endpoint: string, agoMs: number): void {
  const id = createEventId(Date.now() - agoMs, randomBytes(10));
  const directory = `${place.spool}/queue/${endpoint}/00000001`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/${id}.json`, `{"capnhook":1,"id":"${id}","hook":"complete",\n"payload":1\n}\n`);
}

function health(place: Place, endpoint: string, value: Record<string, unknown>): void {
  mkdirSync(`${place.spool}/endpoints`, { recursive: true });
  writeFileSync(`${place.spool}/endpoints/${endpoint}.json`, JSON.stringify({ endpoint, ...value }));
}

async function usedPlace(hooks: string): Promise<Place> {
  const place = createPlace();
  place.hooks(hooks);
  expect(await place.run(['init'])).toMatchObject({ code: 0 });
  return place;
}

describe('capnhook status', () => {
  it('status of a spool that was never used says so in few words', async () => {
    const { code, stdout, stderr } = await createPlace().run(['status']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^nobody drains\n/);
    expect(stdout).toMatch(/\n0 dead, 0 unclaimed, 0 corrupt, .*journal 0 B\n$/);
  });

  it('status counts what waits by age, of each endpoint and of all', async () => {
    const place = await usedPlace('hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\n');
    for (const ago of [0, 30_000, 2 * minute, 30 * minute, 300 * minute, 2_880 * minute])
      queue(place, 'chat', ago);
    queue(place, 'gone.example~0123456789ab', 7 * minute);
    await fired(place, 'complete', 2);
    const status = await json(place);
    expect(status.endpoints).toMatchObject([
      {
        endpoint: { id: 'chat', scheme: 'http', host: '127.0.0.1:9' },
        isRegistered: true,
        state: 'ok',
        queued: {
          total: 6,
          waiting: 6,
          retrying: 0,
          byAge: { under1m: 2, under5m: 1, under1h: 1, under1d: 1, older: 1 },
        },
      },
      { endpoint: { id: 'gone.example~0123456789ab' }, isRegistered: false, queued: { total: 1 } },
    ]);
    expect(status.incoming).toMatchObject({ entries: 2, total: 2, byAge: { under1m: 2 } });
    expect(status.totals.queued).toMatchObject({ total: 9, byAge: { under1m: 4, under1h: 2, older: 1 } });
    const { stdout } = await place.run(['status']);
    expect(stdout).toMatch(/^chat +ok +6 +2 +1 +1 +1 +1 +2d\b/m);
    expect(stdout).toMatch(/^not taken in +2 +2\b/m);
    expect(stdout).toMatch(/^all +9 +4 +1 +2 +1 +1 +2d\b/m);
    expect(stdout).toMatch(/next:\n {2}capnhook start +nobody drains/);
  });

  it('status tells why an endpoint gets nothing, when it is tried next, and when that ends', async () => {
    const receiver = await startReceiver(() => ({ status: 503, body: 'upstream  is\ndown' }));
    const place = await usedPlace(
      `hooks: {complete: [chat]}\nendpoints: {chat: "${receiver.url}"}\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`,
    );
    await fired(place);
    await place.run(['drain']);
    await receiver.close();
    const status = await json(place, 'chat');
    expect(status.endpoints).toHaveLength(1);
    expect(status.endpoints).toMatchObject([
      {
        state: 'parked',
        reason: '503',
        queued: { total: 1 },
        lastError: { what: '503', answer: 'upstream is down' },
        lastMinute: { attempts: 1, failures: 1 },
        lastHour: { attempts: 1, failures: 1 },
      },
    ]);
    const [{ nextTry = '', givesUp = '' }] = status.endpoints as [Status['endpoints'][0]];
    expect(Date.parse(nextTry) - Date.parse(status.time)).toBeGreaterThan(59 * minute);
    expect(Date.parse(givesUp) - Date.parse(status.time)).toBeGreaterThan(71 * 60 * minute);
    const { stdout } = await place.run(['status']);
    expect(stdout).toMatch(
      /^chat +parked: 503, next try in (1h|60m) +1 .* 1\/1 +1\/1 +503: upstream is down$/m,
    );
    expect(stdout).toMatch(/capnhook start .*\n {2}capnhook log --failed --endpoint chat +shows why/);
  });

  it('status knows each state in words', async () => {
    const place = await usedPlace(
      'hooks: {complete: [a, b, c, d, e, f]}\nendpoints:\n' +
        ['a', 'b', 'c', 'd', 'e', 'f']
          .map((id) => `  ${id}: {url: "http://${id}.example/", concurrency: 8}\n`)
          .join(''),
    );
    const pause = { by: 'jed', at: Date.now() };
    health(place, 'a', { paused: 'it answered 410', last: '410', failures: 1 });
    health(place, 'b', { paused: 'jed paused it: moved', pause });
    health(place, 'c', { allowed: 3.4 });
    health(place, 'd', { mistake: 'Cannot read the secret \u001b[2J: SECRET is not set' });
    health(place, 'e', { against: ['1', '2', '3'] });
    health(place, 'old', { heldSince: Date.now() });
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'old']) queue(place, id, 0);
    const { stdout } = await place.run(['status']);
    const rows = stdout.split('\n').slice(3, 10);
    expect(rows.map((row) => row.replace(/ {2,}1 .*/, ''))).toEqual([
      expect.stringMatching(/^d +misconfigured: Cannot read the secret \\u\{1b\}\[2J: SECRET is not set$/),
      expect.stringMatching(/^a +paused: 410$/),
      expect.stringMatching(/^b +paused by jed: moved$/),
      expect.stringMatching(/^old +on hold: not registered$/),
      expect.stringMatching(/^e +rejecting$/),
      expect.stringMatching(/^c +recovering 3\/8$/),
      expect.stringMatching(/^f +ok$/),
    ]);
    expect((await json(place, 'a')).next.map(({ command }) => command)).toEqual([
      'capnhook start',
      'capnhook resume a',
    ]);
  });

  it('status works beside a hooks file that is broken, and says what is wrong with it', async () => {
    const place = await usedPlace('hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\n');
    queue(place, 'chat', 0);
    place.hooksInPlace('hooks: {complete: [chat], 3: {}}\n');
    const status = await json(place);
    expect(status.hooksFile).toMatchObject({ isUsable: false, problem: expect.stringContaining('problem') });
    expect(status.endpoints).toMatchObject([{ endpoint: { id: 'chat' }, queued: { total: 1 } }]);
    expect((await place.run(['status'])).stdout).toMatch(
      /^Cannot use the hooks file .*settings are not known$/m,
    );
  });

  it('status shows whole URLs only if asked, and finds an endpoint by its URL', async () => {
    const place = await usedPlace(`hooks: {complete: ["${secret}"]}\n`);
    expect((await place.run(['status'])).stdout).not.toMatch(tails);
    expect((await place.run(['status', '--json'])).stdout).not.toMatch(tails);
    expect((await json(place, secret)).endpoints).toMatchObject([
      { endpoint: { id: expect.stringMatching(/^a\.example~/), scheme: 'https', host: 'a.example' } },
    ]);
    expect((await place.run(['status', '--show-urls'])).stdout).toContain(secret);
    expect((await json(place, '--show-urls')).endpoints[0]?.endpoint.url).toBe(secret);
  });

  it('status of an unknown endpoint is 66 and a suggestion; of a spool that is missing 73', async () => {
    const place = await usedPlace('hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\n');
    expect(await place.run(['status', 'chta'])).toMatchObject({
      code: 66,
      stdout: '',
      stderr: expect.stringMatching(/no endpoint "?chta"? is known\n {2}Did you mean chat\?/),
    });
    expect(await place.run(['status', '--spool', `${place.root}/none`])).toMatchObject({ code: 73 });
  });

  it('status is cut to the width of a terminal, and to nothing in a pipe', async () => {
    const place = await usedPlace('hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\n');
    health(place, 'chat', { mistake: 'x'.repeat(300) });
    const size = { columns: 60, rows: 20 };
    const onTerminal = await place.run(['status', '--no-color'], { terminal: ['out'], size });
    expect(onTerminal.stdout).toContain('…');
    expect(onTerminal.stdout).not.toContain('x'.repeat(60));
    expect((await place.run(['status'])).stdout).toContain('x'.repeat(300));
  });

  it('status on a terminal of 80 columns leaves out the ages first, and says so', async () => {
    const place = await usedPlace('hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\n');
    health(place, 'chat', { failures: 1, last: 'ECONNREFUSED', parkedUntil: Date.now() + 3_600_000 });
    queue(place, 'chat', 90_000);
    const on = async (columns: number): Promise<string> =>
      (await place.run(['status', '--no-color'], { terminal: ['out'], size: { columns, rows: 24 } })).stdout;
    const narrow = await on(80);
    expect(narrow).toMatch(/^endpoint +state +queued +oldest .*dead +last err/m);
    expect(narrow).toMatch(/^not shown here: <1m, <5m, <1h, <1d, older/m);
    const [, , header, ...rows] = narrow.split('\n');
    for (const line of [header, ...rows.slice(0, 2)]) expect(line?.length).toBeLessThanOrEqual(80);
    expect(await on(200)).not.toContain('not shown here');
  });

  it('status names the spool in the commands that it suggests, where one was named', async () => {
    const place = await usedPlace('hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\n');
    queue(place, 'chat', 0);
    const { stdout } = await place.run(['status', '--spool', place.spool]);
    expect(stdout).toContain(`  capnhook --spool ${place.spool} start`);
  });

  it('status --watch needs a terminal, or --json', async () => {
    const place = await usedPlace('hooks: {}\n');
    expect(await place.run(['status', '--watch'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('not a terminal'),
    });
  });
});
