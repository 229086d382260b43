import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEventId } from '../../../src/event/event-id.js';
import { randomBytes } from '../../../src/shared/machine/random.js';
import { ownIdentity } from '../../../src/spool/file/lock/process-identity.js';
import { createPlace, type Place } from '../../support/place.js';

const minute = 60_000;
const hooks = 'hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\n';

async function usedPlace(): Promise<Place> {
  const place = createPlace();
  place.hooks(hooks);
  await place.run(['init']);
  return place;
}

/** Writes an event, as if it had been fired some time ago. */
function put(place: Place, directory: string, agoMs: number): void {
  const id = createEventId(Date.now() - agoMs, randomBytes(10));
  mkdirSync(`${place.spool}/${directory}`, { recursive: true });
  writeFileSync(`${place.spool}/${directory}/${id}.json`, '{"hook":"complete",\n"payload":1\n}\n');
}

function health(place: Place, value: Record<string, unknown>): void {
  mkdirSync(`${place.spool}/endpoints`, { recursive: true });
  writeFileSync(`${place.spool}/endpoints/chat.json`, JSON.stringify({ endpoint: 'chat', ...value }));
}

/** One line, as monitoring systems parse it, and the exit code. */
async function check(place: Place, ...args: string[]): Promise<[code: number, line: string]> {
  const { code, stdout } = await place.run(['status', '--check', ...args]);
  expect(stdout).toMatch(
    /^CAPNHOOK (OK|WARNING|CRITICAL|UNKNOWN): [^|\n]+( \| ([a-z_1]+=[\d.]+(s|B)?;\d*;[\d.]*;0 ?)+)?\n$/,
  );
  return [code, stdout];
}

describe('capnhook status --check', () => {
  it('is 0 where all is well, also when nothing runs and where there is no hooks file', async () => {
    expect(await check(await usedPlace())).toEqual([
      0,
      expect.stringMatching(/^CAPNHOOK OK: all is well \| queued=0;;;0 oldest=0s;;900;0 dead=0;;0;0 /),
    ]);
    expect((await check(createPlace()))[0]).toBe(0);
  });

  it('is 2 when a delivery waits for too long, and names its endpoint', async () => {
    const place = await usedPlace();
    put(place, 'queue/chat/00000001', 14 * minute);
    expect((await check(place))[0]).toBe(0);
    put(place, 'queue/chat/00000001', 16 * minute);
    health(place, { failures: 2, last: '503 | no' });
    const line = expect.stringMatching(
      /^CAPNHOOK CRITICAL: chat waits for 16m \(parked: 503 \/ no\) \| queued=2;/,
    );
    expect(await check(place)).toEqual([2, line]);
    expect((await check(place, '--max-age', '20m'))[0]).toBe(0);
    expect((await check(place, '--max-age', '20m', 'chat'))[0]).toBe(0);
  });

  it('is 1 where a person has paused what waits, and 2 where it waits to be taken in', async () => {
    const place = await usedPlace();
    put(place, 'queue/chat/00000001', 16 * minute);
    health(place, { paused: 'jed paused it: moved', pause: { by: 'jed', at: Date.now() } });
    expect(await check(place)).toEqual([1, expect.stringContaining('(paused by jed: moved)')]);
    put(place, 'incoming', 16 * minute);
    expect(await check(place)).toEqual([
      2,
      expect.stringContaining('CRITICAL: events are not taken in for 16m; '),
    ]);
  });

  it('is 2 for too many queued or dead ones, and where nobody drains if one must', async () => {
    const place = await usedPlace();
    put(place, 'queue/chat/00000001', 0);
    put(place, 'queue/chat/00000001', 0);
    expect((await check(place, '--max-queued', '2'))[0]).toBe(0);
    expect(await check(place, '--max-queued', '1')).toEqual([
      2,
      expect.stringContaining('CRITICAL: 2 queued'),
    ]);
    expect(await check(place, '--require-drain')).toEqual([2, expect.stringContaining('nobody drains')]);
    put(place, 'dead/chat', 0);
    expect(await check(place)).toEqual([2, expect.stringContaining('CRITICAL: 1 dead |')]);
    expect((await check(place, '--max-dead', '1'))[0]).toBe(0);
  });

  it('is 1 where a drain hangs, and 2 where one must run', async () => {
    const place = await usedPlace();
    const record = { ...ownIdentity(), mode: 'daemon', since: '2026-11-30T08:00:00.000Z' };
    writeFileSync(`${place.spool}/lock`, JSON.stringify(record));
    expect((await check(place, '--require-drain'))[0]).toBe(0);
    const before = Date.now() / 1000 - 300;
    utimesSync(`${place.spool}/lock`, before, before);
    expect(await check(place)).toEqual([
      1,
      expect.stringMatching(/the drain \(pid \d+\) has not moved for 5m/),
    ]);
    expect((await check(place, '--require-drain'))[0]).toBe(2);
    const { stdout } = await place.run(['status']);
    expect(stdout).toMatch(/^a drain runs \(daemon, pid \d+\).*; it has not moved for 5m$/m);
  });

  it('is 1 for what a person has to look at', async () => {
    const place = await usedPlace();
    put(place, 'unclaimed', 0);
    writeFileSync(`${place.spool}/corrupt/x.json`, '{');
    put(place, 'queue/chat/00000001', 0);
    health(place, { paused: 'it answered 410', last: '410' });
    expect(await check(place)).toEqual([
      1,
      expect.stringContaining('WARNING: chat is paused: 410; 1 unclaimed; 1 corrupt |'),
    ]);
  });

  it.each<[string, string[], RegExp]>([
    ['an option with a bad value', ['--max-age', 'long'], /--max-age needs a duration/],
    ['another bad value', ['--max-dead', '-1'], /--max-dead/],
    ['an option that is not known', ['--max-agee', '1m'], /unknown option '--max-agee'/],
    ['an unknown endpoint', ['chta'], /no endpoint/],
    ['a spool that is missing', ['--spool', '/nowhere/spool'], /there is no spool/],
    ['JSON, which is not printed', ['--json', '--max-age', ''], /--max-age/],
  ])('is 3 for %s', async (_, args, words) => {
    const place = await usedPlace();
    const [code, line] = await check(place, ...args);
    expect(code).toBe(3);
    expect(line).toMatch(words);
  });

  it('is 3 where the hooks file is broken, or missing and named', async () => {
    const place = await usedPlace();
    place.hooksInPlace('hoks: {}\n');
    expect(await check(place)).toEqual([
      3,
      expect.stringMatching(/UNKNOWN: Cannot use the hooks file .*hoks/),
    ]);
    rmSync(place.config);
    expect((await check(place))[0]).toBe(0);
    expect(await check(place, '--config', place.config)).toEqual([3, expect.stringContaining('Cannot find')]);
  });

  it('is 3 where the spool cannot be read', async () => {
    const place = await usedPlace();
    rmSync(`${place.spool}/queue`, { recursive: true });
    mkdirSync(`${place.spool}/lock`);
    expect((await check(place))[0]).toBe(3);
  });

  it('has options that mean nothing without it', async () => {
    const place = await usedPlace();
    expect(await place.run(['status', '--max-dead', '1'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--max-dead belongs to --check'),
    });
  });
});
