import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEventId } from '../../../src/event/event-id.js';
import { randomBytes } from '../../../src/shared/machine/random.js';
import { secret, tails } from '../../support/cli-kit.js';
import { createPlace, type Place } from '../../support/place.js';
import { findPromtool, promtoolFindings } from '../../support/promtool.js';
import { startReceiver } from '../../support/receiver.js';

/** A place with one registered endpoint, `chat`, that has delivered and failed. */
async function usedPlace() {
  const place = createPlace();
  let status = 204;
  const receiver = await startReceiver(() => ({ status }));
  const named = await startReceiver();
  place.hooks(
    `hooks: {complete: [chat]}\nendpoints: {chat: "${receiver.url}"}\ndefaults: {retry: {schedule: [0s], jitter: 0}}\n`,
  );
  const drain = async (answer: number): Promise<void> => {
    status = answer;
    await place.run(['fire', 'complete', '-d', '1']);
    await place.run(['drain']);
  };
  await drain(204);
  await place.run(['fire', `${named.url}/s3cret`, '-d', '1']);
  await drain(204);
  await drain(503);
  const close = async () => {
    await receiver.close();
    await named.close();
  };
  return { place, drain, close, file: `${place.root}/capnhook.prom` };
}

async function write(place: Place, file: string, ...args: string[]): Promise<string> {
  const ran = await place.run(['status', '--prometheus', file, ...args]);
  expect(ran).toMatchObject({ code: 0, stdout: '', stderr: '' });
  return readFileSync(file, 'utf8');
}

/** The value of one line. */
function figure(text: string, series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

const attempts = (endpoint: string, result: string) =>
  `capnhook_delivery_attempts_total{endpoint="${endpoint}",result="${result}"}`;

describe('capnhook status --prometheus', () => {
  it('writes gauges and counts by endpoint, one-off URLs as one, without any URL', async () => {
    const { place, file, close } = await usedPlace();
    const text = await write(place, file);
    expect(figure(text, attempts('chat', 'delivered'))).toBe(2);
    expect(figure(text, attempts('chat', 'failed'))).toBe(1);
    expect(figure(text, attempts('other', 'delivered'))).toBe(1);
    expect(figure(text, 'capnhook_delivery_duration_seconds_count{endpoint="chat"}')).toBe(3);
    expect(figure(text, 'capnhook_delivery_duration_seconds_bucket{endpoint="chat",le="+Inf"}')).toBe(3);
    expect(figure(text, 'capnhook_queued_deliveries{endpoint="chat"}')).toBe(1);
    expect(figure(text, 'capnhook_oldest_queued_seconds{endpoint="chat"}')).toBeGreaterThanOrEqual(0);
    expect(figure(text, 'capnhook_endpoint_state{endpoint="chat",state="parked"}')).toBe(1);
    expect(figure(text, 'capnhook_endpoint_state{endpoint="chat",state="ok"}')).toBe(0);
    expect(figure(text, 'capnhook_drain_running')).toBe(0);
    expect(text).not.toMatch(/http:|127\.0\.0\.1|s3cret/);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(place.root).filter((name) => name.includes('.tmp'))).toEqual([]);
    await close();
  });

  it('goes on counting from the file, with each attempt once, also after the journal was pruned', async () => {
    const { place, drain, file, close } = await usedPlace();
    await write(place, file);
    expect(figure(await write(place, file), attempts('chat', 'delivered'))).toBe(2);
    await drain(204);
    const later = await write(place, file);
    expect(figure(later, attempts('chat', 'delivered'))).toBe(4); // the one that failed, too
    expect(figure(later, 'capnhook_delivery_duration_seconds_count{endpoint="chat"}')).toBe(5);
    const [day = ''] = readdirSync(`${place.spool}/journal`);
    writeFileSync(`${place.spool}/journal/${day}`, '');
    const pruned = await write(place, file);
    expect(figure(pruned, attempts('chat', 'delivered'))).toBe(4);
    appendFileSync(`${place.spool}/journal/${day}`, '{"torn');
    await drain(204);
    expect(figure(await write(place, file), attempts('chat', 'delivered'))).toBe(5);
    await close();
  });

  it('keeps its labels while the hooks file is broken', async () => {
    const { place, file, close } = await usedPlace();
    await write(place, file);
    place.hooksInPlace('hoks: {}\n');
    const text = await write(place, file);
    expect(figure(text, attempts('chat', 'delivered'))).toBe(2);
    expect(figure(text, 'capnhook_hooks_file_usable')).toBe(0);
    await close();
  });

  it('begins again in a file that is something else', async () => {
    const { place, file, close } = await usedPlace();
    writeFileSync(file, `${attempts('chat', 'delivered')} 1000000\n`);
    expect(figure(await write(place, file), attempts('chat', 'delivered'))).toBe(2);
    await close();
  });

  it('has names and texts that promtool finds no fault with', async ({ skip }) => {
    const promtool = findPromtool();
    if ('missing' in promtool) return skip(promtool.missing);
    const { place, file, close } = await usedPlace();
    expect(promtoolFindings(promtool.path, await write(place, file))).toBe('');
    expect(promtoolFindings(promtool.path, 'capnhook_total 1\n')).not.toBe('');
    await close();
  });

  it('writes the file beside a check, too, and is 3 or 74 where it cannot', async () => {
    const place = createPlace();
    place.hooks(`hooks: {complete: ["${secret}"]}\n`);
    const id = createEventId(Date.now(), randomBytes(10));
    await place.run(['init']);
    mkdirSync(`${place.spool}/dead/x`, { recursive: true });
    writeFileSync(`${place.spool}/dead/x/${id}.json`, '{"hook":"x",\n"payload":1\n}\n');
    const file = `${place.root}/x.prom`;
    expect(await place.run(['status', '--check', '--prometheus', file])).toMatchObject({ code: 2 });
    expect(figure(readFileSync(file, 'utf8'), 'capnhook_dead_deliveries{endpoint="other"}')).toBe(1);
    expect(readFileSync(file, 'utf8')).not.toMatch(tails);
    const nowhere = `${place.root}/none/x.prom`;
    expect(await place.run(['status', '--check', '--prometheus', nowhere])).toMatchObject({ code: 3 });
    expect(await place.run(['status', '--prometheus', nowhere])).toMatchObject({
      code: 74,
      stderr: expect.stringMatching(/Cannot write .*none\/x\.prom \(ENOENT\)\n {2}.*directory must be there/),
    });
    expect(existsSync(nowhere)).toBe(false);
  });
});
