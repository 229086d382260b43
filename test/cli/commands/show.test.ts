import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ShownEvent } from '../../../src/library/show.js';
import { documentsIn, misfits } from '../../support/json-schemas.js';
import { createPlace, type Place } from '../../support/place.js';
import { startReceiver } from '../../support/receiver.js';

async function shown(place: Place, id: string): Promise<ShownEvent> {
  const { code, stdout } = await place.run(['show', id, '--json']);
  expect(code).toBe(0);
  const [document] = documentsIn(stdout);
  expect(misfits('show', document)).toEqual([]);
  return document as ShownEvent;
}

async function fire(place: Place, ...argv: string[]): Promise<string> {
  const { stdout } = await place.run(['fire', ...argv, '--print-id']);
  return stdout.trim();
}

/** A place whose hook `complete` has a receiver that answers 413 with a page, and one that answers 204. */
async function twoReceivers() {
  const picky = await startReceiver(() => ({ status: 413, body: 'too large\u001b[31m\nby far\n' }));
  const fine = await startReceiver();
  const place = createPlace();
  place.hooks(`hooks: {complete: ["${picky.url}", "${fine.url}"]}\n`);
  return { place, close: async () => void (await Promise.all([picky.close(), fine.close()])) };
}

describe('capnhook show', () => {
  it('show tells the payload, each delivery, each attempt, the last answer, and what comes next', async () => {
    const { place, close } = await twoReceivers();
    const id = await fire(place, 'complete', '-d', '{"a": 1.0}');
    expect(await shown(place, id)).toMatchObject({
      hook: 'complete',
      deliveries: [{ state: 'incoming', log: [] }],
    });
    await place.run(['drain']);
    const event = await shown(place, id.slice(0, -3));
    expect(event).toMatchObject({ id, hook: 'complete', payload: { bytes: 10, text: '{"a": 1.0}' } });
    const [failed, delivered] = event.deliveries;
    expect(failed).toMatchObject({
      state: 'retry',
      attempts: 1,
      nextTry: expect.any(String),
      givesUp: expect.any(String),
      answer: { status: 413, body: 'too large\u001b[31m\nby far\n' },
      log: [{ what: 'rejected', attempt: 1, status: 413, reason: expect.stringContaining('too large') }],
    });
    expect(delivered).toMatchObject({
      state: 'delivered',
      attempts: 1,
      log: [{ what: 'delivered', durationMs: expect.any(Number) }],
    });
    await close();
  });

  it('show finds a delivered event by a short id of the user, which may look like a time to come', async () => {
    const receiver = await startReceiver();
    const place = createPlace();
    place.hooks(`hooks: {complete: "${receiver.url}"}\n`);
    await fire(place, 'complete', '-d', '1', '--id', 'evt_1');
    await place.run(['drain']);
    expect(await shown(place, 'evt_1')).toMatchObject({ id: 'evt_1', deliveries: [{ state: 'delivered' }] });
    await receiver.close();
  });

  it('show prints lines in which foreign text shows and never acts', async () => {
    const { place, close } = await twoReceivers();
    const id = await fire(place, 'complete', '-d', '{"a": "\u202e"}');
    await place.run(['drain']);
    const { stdout, stderr } = await place.run(['show', id]);
    expect(stderr).toBe('');
    expect(stdout).toContain('payload, 12 bytes:\n{"a": "\\u{202e}"}\n');
    expect(stdout).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ \(127\.0\.0\.1~\w+\): retry, 1 failed attempt, next try in \ds, given up in /m,
    );
    expect(stdout).toContain('too large\\u{1b}[31m\n    by far\n\n');
    expect(stdout).not.toContain('\u001b');
    await close();
  });

  it('show --body prints the bytes of the payload alone', async () => {
    const place = createPlace();
    const id = await fire(place, 'complete', '-d', '{"n":12345678901234567890,"n":1.0}');
    expect(await place.run(['show', id, '--body'])).toMatchObject({
      code: 0,
      stdout: '{"n":12345678901234567890,"n":1.0}',
    });
  });

  it('show of a delivered event tells what the journal knows', async () => {
    const receiver = await startReceiver();
    const place = createPlace();
    place.hooks(`hooks: {complete: ["${receiver.url}"]}\n`);
    const id = await fire(place, 'complete', '-d', '1');
    await place.run(['drain']);
    expect(await shown(place, id)).toMatchObject({
      id,
      hook: 'complete',
      deliveries: [{ state: 'delivered' }],
    });
    expect(await place.run(['show', id, '--body'])).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('not kept'),
    });
    await receiver.close();
  });

  it('show of dead, unclaimed and corrupt entries tells why they are there', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    const lost = await fire(place, 'lost', '-d', '1');
    await place.run(['drain']);
    expect(await shown(place, lost)).toMatchObject({
      deliveries: [{ state: 'unclaimed' }],
      log: [{ what: 'unclaimed' }],
    });
    mkdirSync(`${place.spool}/dead/old`, { recursive: true });
    const answer = { event: 'e1', time: '2026-11-01T00:00:00.000Z', status: 503, body: 'busy' };
    const why = {
      reason: 'gave-up',
      message: 'last answer: 503',
      attempts: 9,
      time: '2026-11-01T00:00:00.000Z',
      answer,
    };
    writeFileSync(`${place.spool}/dead/old/e1.json`, '{"hook":"down","payload":1}');
    writeFileSync(`${place.spool}/dead/old/e1.why.json`, JSON.stringify(why));
    expect((await shown(place, 'e1')).deliveries).toMatchObject([
      {
        state: 'dead',
        endpoint: { id: 'old' },
        why: 'gave-up',
        reason: 'last answer: 503',
        attempts: 9,
        endedAt: why.time,
        answer,
      },
    ]);
    writeFileSync(`${place.spool}/corrupt/bad.json`, 'x');
    writeFileSync(`${place.spool}/corrupt/bad.json.why`, 'it is not JSON\n');
    expect(await shown(place, 'bad.json')).toMatchObject({
      id: 'bad.json',
      deliveries: [{ state: 'corrupt', reason: 'it is not JSON' }],
    });
  });

  it('show of an event of a batch tells of that one, also before it is queued', async () => {
    const place = createPlace();
    place.hooks('hooks: {complete: ["http://127.0.0.1:9/in"]}\n');
    const id = await fire(place, 'complete', '--ndjson', place.file('batch', '1\n2\n3\n'));
    expect(await shown(place, `${id}_2`)).toMatchObject({
      id,
      events: 3,
      deliveries: [{ state: 'incoming' }],
    });
    await place.run(['drain']);
    expect(await shown(place, `${id}_2`)).toMatchObject({
      id: `${id}_2`,
      payload: { text: '2' },
      deliveries: [{ state: 'parked' }],
    });
    const ambiguous = await place.run(['show', id]);
    expect(ambiguous).toMatchObject({
      code: 66,
      stderr: expect.stringContaining(`  ${id}_1\n  ${id}_2\n  ${id}_3\n`),
    });
  });

  it('show of an id that is ambiguous or unknown has up to five that begin so', async () => {
    const place = createPlace();
    for (let n = 1; n <= 7; n += 1) await fire(place, 'complete', '-d', '1', '--id', `order-20261130-${n}`);
    const many = await place.run(['show', 'order-20261130-']);
    expect(many).toMatchObject({
      code: 66,
      stdout: '',
      stderr: expect.stringContaining('many events begin with order-20261130-'),
    });
    expect(many.stderr.match(/^ {2}order-/gm)).toHaveLength(5);
    expect((await place.run(['show', 'order-20261130-9'])).stderr).toMatch(
      /has an event "order-20261130-9"\n {2}order-20261130-1\n/,
    );
    expect(await place.run(['show', 'a b'])).toMatchObject({ code: 64 });
    expect(await place.run(['show', 'order-20261130-3'])).toMatchObject({ code: 0 });
  });

  it('show ends on a terminal with what to type next', async () => {
    const { place, close } = await twoReceivers();
    const id = await fire(place, 'complete', '-d', '1');
    await place.run(['drain']);
    const ran = await place.run(['show', id, '--spool', place.spool], { terminal: ['out', 'err'] });
    expect(ran.stderr).toBe(`\nSend it now: capnhook retry ${id} --spool ${place.spool}\n`);
    const quiet = await place.run(['show', id, '-q'], { terminal: ['out', 'err'] });
    expect(quiet.stderr).toBe('');
    await close();
  });

  it('show of a delivery whose endpoint is paused names the command that lets it go on', async () => {
    const gone = await startReceiver(() => ({ status: 410 }));
    const place = createPlace();
    place.hooks(`hooks: {complete: [chat]}\nendpoints: {chat: "${gone.url}"}\n`);
    const id = await fire(place, 'complete', '-d', '1');
    await place.run(['drain']);
    const { stdout, stderr } = await place.run(['show', id], { terminal: ['out', 'err'] });
    expect(stdout).toMatch(/^chat \(http:\/\/127\.0\.0\.1:\d+\): paused: .*410/m);
    expect(stderr).toBe('\nLet its endpoint go on: capnhook resume chat\n');
    await gone.close();
  });

  it('show goes past torn lines of the journal', async () => {
    const receiver = await startReceiver();
    const place = createPlace();
    place.hooks(`hooks: {complete: ["${receiver.url}"]}\n`);
    const id = await fire(place, 'complete', '-d', '1');
    await place.run(['drain']);
    const [day] = place.names('journal');
    appendFileSync(
      `${place.spool}/journal/${day}`,
      `{"time":"2026-11-30T12:00:00.000Z","what":"failed","event":"${id}"`,
    );
    expect((await shown(place, id)).deliveries).toMatchObject([
      { state: 'delivered', log: [{ what: 'delivered' }] },
    ]);
    await receiver.close();
  });
});
