/** capnhook export and import: from one spool to another, with endpoints and attempts, and nothing lost or doubled. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importEvents } from '../../src/library/exchange.js';
import { createWorld, until, type World } from '../support/world.js';

type Received = { path: string; headers: Record<string, unknown>; body: Buffer };

/** Two worlds with the same hooks file, of which the first has what could not be sent. */
async function stuck() {
  const [from, to] = [createWorld(), createWorld()];
  let status = 503;
  const receiver = await from.receiver((request) => ({
    status: request.body.toString().includes('poison') && status !== 204 ? 422 : status,
  }));
  for (const world of [from, to])
    world.hooks(
      `hooks: {load: [chat, other]}\nendpoints:\n  chat: "${receiver.url}/chat"\n  other: "${receiver.url}/other"\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`,
    );
  await from.run(['fire', 'load', '-d', '"poison"', '--id', 'bad']);
  expect(await from.run(['drain'])).toMatchObject({ code: 75 });
  await from.run(['fire', 'load', '-d', '{\n  "a": 1.0,\n  "a": 12345678901234567890\n}', '--id', 'e1']);
  writeFileSync(join(from.root, 'lines'), '1\n2\n3\n');
  await from.run(['fire', 'load', '--ndjson', join(from.root, 'lines'), '--id', 'b']);
  expect(await from.run(['drain'])).toMatchObject({ code: 75 });
  await from.run(['fire', 'nobody', '-d', '1', '--id', 'lost']);
  expect(await from.run(['drain'])).toMatchObject({ code: 75 });
  await from.run(['fire', 'load', '-d', '5', '--id', 'e2']);
  receiver.requests.splice(0);
  return { from, to, receiver, works: () => (status = 204), file: join(from.root, 'left.capnhook') };
}

const sent = (requests: readonly unknown[]) =>
  (requests as Received[]).map(({ path, headers }) => `${path} ${String(headers['webhook-id'])}`).sort();

const everything = ['bad', 'e1', 'b_1', 'b_2', 'b_3', 'e2']
  .flatMap((id) => [`/chat ${id}`, `/other ${id}`])
  .sort();

/** What a world's spool has, by state. */
async function states(world: World): Promise<Record<string, number>> {
  const { stdout } = await world.run(['list', '--json']);
  const found: Record<string, number> = {};
  for (const line of stdout.trim().split('\n').filter(Boolean)) {
    const { state } = JSON.parse(line) as { state: string };
    found[state] = (found[state] ?? 0) + 1;
  }
  return found;
}

describe('capnhook export and import', () => {
  test('--move carries all of a spool to another one, which sends each delivery once', async () => {
    const { from, to, receiver, works, file } = await stuck();
    const moved = await from.run(['export', '--move', file]);
    expect(moved).toMatchObject({ code: 0, stdout: '' });
    expect(moved.stderr).toContain(`moved to ${file}\n  Undo: capnhook import ${file}`);
    expect(await states(from)).toEqual({});
    const imported = await to.run(['import', file]);
    expect(imported).toMatchObject({ code: 0, stdout: '' });
    expect(imported.stderr).toContain('imported; nobody drains: capnhook drain sends it');
    works();
    expect(await to.run(['drain'])).toMatchObject({ code: 0 });
    expect(await from.run(['drain'])).toMatchObject({ code: 0 });
    expect(sent(receiver.requests)).toEqual(everything);
    const bytes = (receiver.requests as unknown as Received[]).find(
      ({ headers, path }) => headers['webhook-id'] === 'e1' && path === '/chat',
    );
    expect(bytes?.body.toString()).toBe('{\n  "a": 1.0,\n  "a": 12345678901234567890\n}');
    expect(to.names('unclaimed').filter((name) => !/^\.|why/.test(name))).toEqual(['lost.json']);
  });

  test('import keeps attempts and due times, and adds nothing twice', async () => {
    const { from, to, file } = await stuck();
    await from.run(['export', file, '--state', 'retry']);
    const first = await to.run(['import', file, '--json']);
    expect(JSON.parse(first.stdout)).toMatchObject({ count: 2, added: 2, states: { retry: 2 } });
    for (const endpoint of ['chat', 'other'])
      expect(to.names(`retry/${endpoint}`)).toEqual(from.names(`retry/${endpoint}`));
    const again = await to.run(['import', file]);
    expect(again.stderr).toContain('2 deferred deliveries imported, 2 of them were there already');
    const back = await importEvents(file, { spool: from.spool });
    expect(back).toMatchObject({ count: 2, added: 0 });
    expect(to.names('retry/chat')).toHaveLength(1);
  });

  test('a copy through a pipe changes nothing, and a selection is a part', async () => {
    const { from, to, receiver, works } = await stuck();
    const before = await states(from);
    const archive = join(from.root, 'piped');
    const out = await from.run(['export', '-', '--endpoint', 'chat']);
    expect(out.stderr).toContain('copied to standard output');
    writeFileSync(archive, out.stdout);
    expect(await states(from)).toEqual(before);
    const piped = await to.run(['import', '-'], { input: out.stdout });
    expect(piped).toMatchObject({ code: 0 });
    works();
    await to.run(['drain']);
    expect(sent(receiver.requests)).toEqual(
      everything.filter((each) => each.startsWith('/chat') && !/ (e2|bad)$/.test(each)), // `bad` waits for its own time
    );
  });

  test('single events are exported by their ids', async () => {
    const { from, to, file } = await stuck();
    await from.run(['export', '--move', file, '--id', 'e1', '--id', 'lost']);
    expect(await to.run(['import', file, '--json'])).toMatchObject({ code: 0 });
    expect(await states(to)).toEqual({ incoming: 1, retry: 2 });
    expect(from.names('dead/chat')).toEqual([]);
    expect(from.names('incoming')).toEqual(['e2.json']);
  });

  test('a batch that nobody is registered for is exported by its id, whole, and its events are not', async () => {
    const { from, to, file } = await stuck();
    await from.run(['fire', 'rare', '--ndjson', '-', '--id', 'batch'], { input: '1\n2\n' });
    await from.run(['drain']);
    expect((await from.run(['export', '--move', file, '--id', 'batch_1'])).code).toBe(66);
    const moved = await from.run(['export', '--move', file, '--id', 'batch', '--json']);
    expect(JSON.parse(moved.stdout)).toMatchObject({ count: 2, states: { unclaimed: 2 } });
    expect(from.names('unclaimed').filter((name) => name.startsWith('batch'))).toEqual([]);
    expect(await to.run(['import', file, '--json'])).toMatchObject({ code: 0 });
    expect(await states(to)).toEqual({ incoming: 2 });
  });

  test('beside a daemon --move takes what is queued out of its hands, and an import goes into them', async () => {
    const { from, to, receiver, works, file } = await stuck();
    const [source, target] = [from, to].map((world) => world.start(['drain', '--daemon', '--grace', '0s']));
    await source!.says('started');
    await target!.says('started');
    const moved = await from.run(['export', '--move', file]);
    expect(moved).toMatchObject({ code: 0 });
    works();
    receiver.requests.splice(0);
    expect(await to.run(['import', file])).toMatchObject({ code: 0 });
    await until('all that was moved is sent', () => receiver.requests.length >= 10);
    const paths = sent(receiver.requests);
    expect(new Set(paths).size).toBe(paths.length);
    expect(await states(from)).toEqual({});
    for (const each of [source!, target!]) {
      each.kill('SIGTERM');
      await each.ended;
    }
  });

  test('of an archive that is cut off nothing is imported, and nothing is left of it', async () => {
    const { from, to, file } = await stuck();
    await from.run(['export', file]);
    const whole = readFileSync(file);
    await to.run(['init']);
    for (const share of [0, 0.3, 0.7, 0.99]) {
      writeFileSync(`${file}.cut`, whole.subarray(0, Math.floor(whole.length * share)));
      const ran = await to.run(['import', `${file}.cut`]);
      expect(ran).toMatchObject({ code: 65, stdout: '' });
      expect(ran.stderr).toMatch(
        /^capnhook: Cannot import: it (ends in the middle|is empty).*; nothing was imported\n/,
      );
    }
    expect(await states(to)).toEqual({});
    for (const room of ['tmp', 'imports']) expect(to.names(room)).toEqual([]);
  });

  test.each([
    ['../../../evil', 'chat'],
    ['e\u001b[31m', 'chat'],
    ['x'.repeat(200), 'chat'],
    ['e1', '../../evil'],
    ['e1', 'a/b'],
    ['e1', '.hidden'],
  ])('an archive with the id %j and the endpoint %j is refused', async (id, endpoint) => {
    const to = createWorld();
    await to.run(['init']);
    const event = `${JSON.stringify({ capnhook: 1, id, hook: 'load', time: '2026-11-30T12:00:00.000Z', payload: 1 })}\n`;
    const about = {
      state: 'queued',
      endpoint,
      attempts: 0,
      accepted: '2026-11-30T12:00:00.000Z',
      bytes: event.length,
    };
    const archive = `{"archive":1,"id":"x","time":"2026-11-30T12:00:00.000Z"}\n${JSON.stringify(about)}\n${event}{"end":true,"entries":1}\n`;
    const ran = await to.run(['import', '-'], { input: archive });
    expect(ran.code).toBe(65);
    expect(ran.stderr).not.toContain('\u001b');
    expect(await states(to)).toEqual({});
    expect(existsSync(join(to.root, 'evil'))).toBe(false);
  });

  test('another event with the same id goes to corrupt/, and replaces nothing', async () => {
    const { from, to, file } = await stuck();
    await to.run(['fire', 'load', '-d', '"another"', '--id', 'e2']);
    await from.run(['export', file, '--id', 'e2']);
    const ran = await to.run(['import', file]);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('another event with its id is in incoming');
    expect(readFileSync(join(to.spool, 'incoming/e2.json'), 'utf8')).toContain('"another"');
    expect(readFileSync(join(to.spool, 'corrupt/e2.json'), 'utf8')).toContain('"payload":5');
  });

  test.each<[string[], number, string]>([
    [['export', '--move', '-'], 64, '--move needs a file'],
    [['export', 'there'], 64, 'is there already'],
    [['export', 'new', '--state', 'sent'], 64, 'there is no state "sent"'],
    [['export', 'new', '--endpoint', 'caht'], 66, 'Did you mean chat?'],
    [['export', 'nowhere/new'], 74, 'nowhere/new cannot be written (ENOENT)'],
    [['import', 'none'], 66, 'cannot be read (ENOENT)'],
    [['import', '.'], 66, 'cannot be read (EISDIR)'],
  ])('%j exits %d, and changes nothing', async (argv, code, words) => {
    const { from } = await stuck();
    const before = await states(from);
    writeFileSync(join(from.root, 'there'), 'mine');
    mkdirSync(join(from.root, 'sub'));
    const ran = await from.run(
      argv.map((word, n) => (n > 0 && /^(there|new|none|nowhere)/.test(word) ? join(from.root, word) : word)),
    );
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(words);
    expect(await states(from)).toEqual(before);
    expect(readFileSync(join(from.root, 'there'), 'utf8')).toBe('mine');
  });
});
