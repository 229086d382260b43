/** Promise 6: anything that can write a file can fire, also slowly, and also straight into `incoming/`. */
import {
  appendFileSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Receiver } from '../support/receiver.js';
import { createWorld, until, type World } from '../support/world.js';

async function prepared(): Promise<{ world: World; receiver: Receiver; incoming: string }> {
  const world = createWorld();
  const receiver = await world.receiver();
  world.hooks(`hooks: {complete: ["${receiver.url}"]}\n`);
  expect(await world.run(['init'])).toMatchObject({ code: 0 });
  return { world, receiver, incoming: join(world.spool, 'incoming') };
}

function bodiesOf({ requests }: Receiver): string[] {
  return requests.map(({ body }) => body.toString()).sort();
}

const event = (payload: string): string => `{"hook":"complete","payload":${payload}}\n`;

describe('a file that is still being written in incoming/', () => {
  test('a daemon takes in events and batches that scripts write there slowly, whole, and puts nothing aside', async () => {
    const { world, receiver, incoming } = await prepared();
    const large = event(`"${'x'.repeat(2_000_000)}"`);
    const source = world.file('large.json', large);
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('started');
    const script = `
      cd ${incoming}
      (printf '{"hook":"complete",'; sleep 0.4; printf '"payload":'; sleep 0.4; echo '"slow"}') > slow.json &
      (echo '{"hook":"complete"}'; for n in 1 2 3 4 5; do sleep 0.3; printf '{"n":'; sleep 0.2; echo "$n}"; done) > grows.jsonl &
      (echo '{"hook":"complete","events":2}'; sleep 0.5; echo '"one"'; sleep 0.5; echo '"two"') > counted.jsonl &
      (sleep 0.2; head -c 1000000 ${source}; sleep 0.5; tail -c +1000001 ${source}) > large.json &
      (: > empty.json; sleep 0.5; echo '${event('"late"').trim()}' > empty.json) &
      (echo '${event('"renamed"').trim()}' > part.tmp; sleep 0.5; mv part.tmp part.json) &
      wait`;
    expect(await world.exec('sh', ['-c', script])).toMatchObject({ code: 0, stderr: '' });
    const expected = [
      ...[1, 2, 3, 4, 5].map((n) => `{"n":${n}}`),
      ...['"slow"', '"one"', '"two"', '"late"', '"renamed"'],
      `"${'x'.repeat(2_000_000)}"`,
    ].sort();
    await until('all has come', () => receiver.requests.length >= expected.length);
    daemon.kill('SIGTERM');
    const { stderr } = await daemon.ended;
    expect(bodiesOf(receiver)).toEqual(expected);
    expect(world.names('corrupt')).toEqual([]);
    expect(world.names('incoming')).toEqual([]);
    expect(stderr).not.toMatch(/corrupt|left where/);
  });

  test('a pass waits for it, delivers it, and exits 0', async () => {
    const { world, receiver, incoming } = await prepared();
    const script = `(printf '{"hook":"complete",'; sleep 0.8; echo '"payload":1}') > ${incoming}/slow.json`;
    const writing = world.exec('sh', ['-c', script]);
    await until('it has begun', () => world.names('incoming').length === 1);
    expect(await world.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    await writing;
    expect(bodiesOf(receiver)).toEqual(['1']);
    expect(world.names('corrupt')).toEqual([]);
  });

  test('a pass does not wait for ever: it says what is still being written, exits 75, and the next one has it', async () => {
    const { world, receiver, incoming } = await prepared();
    writeFileSync(`${incoming}/log.jsonl`, '{"hook":"complete"}\n0\n');
    let lines = 1;
    const timer = setInterval(() => appendFileSync(`${incoming}/log.jsonl`, `${lines++}\n`), 100);
    expect(await world.run(['fire', 'complete', '-d', '"fired"'])).toMatchObject({ code: 0 });
    const ended = await world.run(['drain']);
    clearInterval(timer);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toContain('log.jsonl: it is still being written');
    expect(bodiesOf(receiver)).toEqual(['"fired"']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(1 + lines);
  });

  test('what stays as it is goes to corrupt/ after a second, by the same pass, whatever its times and its name say', async () => {
    const { world, incoming } = await prepared();
    writeFileSync(`${incoming}/half.json`, '{"hook":');
    writeFileSync(`${incoming}/ahead.json`, '{"hook":');
    utimesSync(`${incoming}/ahead.json`, 4e9, 4e9);
    writeFileSync(`${incoming}/back.json`, '{"hook":');
    utimesSync(`${incoming}/back.json`, 1, 1);
    writeFileSync(`${incoming}/name`, 'x');
    mkdirSync(`${incoming}/directory`);
    writeFileSync(`${incoming}/few.jsonl`, '{"hook":"complete","events":3}\n1\n2\n');
    const startedAt = performance.now();
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
    expect(world.names('incoming')).toEqual([]);
    const aside = ['ahead.json', 'back.json', 'directory', 'few.jsonl', 'half.json', 'name'];
    expect(world.names('corrupt').filter((name) => !name.endsWith('.why'))).toEqual(aside);
  });

  test('a last line without an end is delivered whole, and lines that come behind it are, too', async () => {
    const { world, receiver, incoming } = await prepared();
    writeFileSync(`${incoming}/b.jsonl`, '{"hook":"complete"}\n{"n":1}\n{"n":2}');
    const daemon = world.start(['drain', '--daemon']);
    await until('both have come', () => receiver.requests.length === 2);
    expect(bodiesOf(receiver)).toEqual(['{"n":1}', '{"n":2}']);
    expect(world.names('corrupt')).toEqual([]);
    daemon.kill('SIGTERM');
    await daemon.ended;
  });

  test('a writer who goes on behind a last line without an end: nothing of it is lost silently', async () => {
    const { world, incoming } = await prepared();
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { url, requests } = await world.receiver(async () => {
      await answered;
      return { status: 204 };
    });
    world.hooks(`hooks: {complete: ["${url}"]}\n`);
    const texts = { ended: '\n{"n":3}\n', changed: '{"n":3}\n' };
    const files = Object.keys(texts).map((id) => {
      const fd = openSync(`${incoming}/${id}.jsonl`, 'a');
      appendFileSync(fd, `{"hook":"complete","id":"${id}"}\n{"n":1}\n{"n":2}`);
      return fd;
    });
    const daemon = world.start(['drain', '--daemon']);
    await until('all are in flight', () => requests.length === 4);
    for (const [index, text] of Object.values(texts).entries()) appendFileSync(files[index]!, text);
    answer();
    await daemon.says('lines were added to it since');
    await until('the third has come', () => requests.length === 5);
    files.forEach(closeSync);
    expect(readFileSync(join(world.spool, 'corrupt/changed.jsonl'), 'utf8')).toContain('{"n":2}{"n":3}\n');
    expect(world.names('corrupt')).toHaveLength(2);
    daemon.kill('SIGTERM');
    await daemon.ended;
  });

  test('flush leaves an event that is half written where it is, and it is delivered when it is whole', async () => {
    const { world, receiver, incoming } = await prepared();
    writeFileSync(`${incoming}/half.json`, '{"hook":"complete",');
    expect(await world.run(['fire', 'complete', '-d', '1', '--id', 'whole'])).toMatchObject({ code: 0 });
    const flushed = await world.run(['flush', '--yes', '--json']);
    expect(JSON.parse(flushed.stdout)).toMatchObject({ count: 1, states: { incoming: 1 } });
    expect(world.names('incoming')).toEqual(['half.json']);
    expect(world.names('corrupt')).toEqual([]);
    appendFileSync(`${incoming}/half.json`, '"payload":2}');
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(bodiesOf(receiver)).toEqual(['2']);
  });

  test('a copy that keeps its old time is waited for as well', async () => {
    const { world, receiver, incoming } = await prepared();
    const source = world.file('old.jsonl', '{"hook":"complete"}\n1\n');
    utimesSync(source, 1, 1);
    cpSync(source, `${incoming}/old.jsonl`, { preserveTimestamps: true });
    const draining = world.run(['drain']);
    await sleep(500);
    appendFileSync(`${incoming}/old.jsonl`, '2\n');
    utimesSync(`${incoming}/old.jsonl`, 1, 1);
    expect(await draining).toMatchObject({ code: 0 });
    expect(bodiesOf(receiver)).toEqual(['1', '2']);
  });

  test('what fire has written is taken in without waiting', async () => {
    const { world, receiver } = await prepared();
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('started');
    const lines = world.file('lines', '1\n2\n');
    expect(await world.run(['fire', 'complete', '--ndjson', lines])).toMatchObject({ code: 0 });
    const firedAt = performance.now();
    await until('both have come', () => receiver.requests.length === 2);
    expect(performance.now() - firedAt).toBeLessThan(900);
  });
});
