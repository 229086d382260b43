import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shellEvent } from '../support/builders.js';
import { createWorld, type World } from '../support/world.js';

const fiveGigabytes = 5 * 2 ** 30;

/** What stands in `incoming/` under each name, and what is said of it in `corrupt/`. */
const entries: Record<string, [make: (path: string, world: World) => unknown, reason: RegExp]> = {
  'empty.json': [text(''), /empty/],
  'half.json': [text('{"capnhook":1,"hook":"complete",\n"payload":{"id":12'), /./],
  'header-alone.json': [text('{"capnhook":1,"hook":"complete",\n'), /./],
  'no-hook.json': [text('{"payload":1}'), /hook/],
  'no-payload.json': [text('{"hook":"complete"}'), /payload/],
  'hostile-hook.json': [text(shellEvent('../../../etc/x', '1')), /hook/],
  'hostile-id.json': [text('{"id":"../../x","hook":"complete","payload":1}'), /id/],
  'hostile-url.json': [text('{"to":["file:///etc/passwd"],"payload":1}'), /./],
  'two.json': [text(`${shellEvent('complete', '1')}${shellEvent('complete', '2')}`), /./],
  'list.json': [text('[1]'), /./],
  'mark.json': [text(`\uFEFF${shellEvent('complete', '1')}`), /byte-order mark/],
  'binary.json': [(path: string) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0, 1, 2])), /./],
  'link.json': [
    (path: string, world: World) =>
      symlinkSync(world.file('outside.json', shellEvent('complete', '"linked"')), path),
    /symbolic link/,
  ],
  'dangling.json': [(path: string) => symlinkSync('/nowhere/at/all', path), /symbolic link/],
  'fifo.json': [(path: string, world: World) => world.exec('mkfifo', [path]), /regular file/],
  'directory.json': [(path: string) => mkdirSync(join(path, 'below'), { recursive: true }), /directory/],
  'sparse.json': [sparse, /larger than/],
  'sparse.jsonl': [sparse, /larger than/],
  'bad-batch.jsonl': [text('{"capnhook":1,"hook":"complete","batch":1}\n{"n":1}\n{"n":\n'), /./],
  'note.txt': [text('a note'), /name/],
  'line\nbreak.json': [text('x'), /./],
  [`${'long'.repeat(62)}.json`]: [text('x'), /./],
};

function text(content: string): (path: string) => void {
  return (path) => writeFileSync(path, content);
}

function sparse(path: string): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, fiveGigabytes);
  closeSync(fd);
}

test('capnhook drain puts whatever is no event into corrupt/ with the reason, and delivers the good events beside it', async () => {
  const world = createWorld();
  const receiver = await world.receiver();
  await world.run(['register', '**', receiver.url]);
  await world.run(['init']);
  const incoming = join(world.spool, 'incoming');
  for (const [name, [make]] of Object.entries(entries)) await make(join(incoming, name), world);
  for (const n of [1, 2, 3]) await world.run(['fire', 'complete', '-d', `${n}`]);
  writeFileSync(join(incoming, 'aaa.json'), shellEvent('complete', '4'));
  writeFileSync(join(incoming, 'zzz.json'), shellEvent('complete', '5'));

  const drained = await world.run(['drain']); // the world ends it after 30 seconds
  expect(drained.code).toBe(0);
  expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual(['1', '2', '3', '4', '5']);
  expect(world.names('incoming')).toEqual([]);
  for (const [name, [, reason]] of Object.entries(entries)) {
    const kept = world
      .names('corrupt')
      .find((each) => each === name || (name.length > 230 && name.startsWith(each)));
    expect(kept, name).toBeDefined();
    expect(readFileSync(join(world.spool, 'corrupt', `${kept}.why`), 'utf8'), name).toMatch(reason);
  }
  expect(world.names('corrupt')).toHaveLength(2 * Object.keys(entries).length);
  expect(drained.stderr.match(/^capnhook: moved to corrupt\//gm)).toHaveLength(Object.keys(entries).length);
  expect(drained.stderr).not.toContain('line\nbreak');
});

test('capnhook drain does not follow a link in incoming/, and moves the link itself', async () => {
  const world = createWorld();
  const receiver = await world.receiver();
  await world.run(['register', '**', receiver.url]);
  await world.run(['init']);
  const outside = world.file('outside.json', shellEvent('complete', '1'));
  symlinkSync(outside, join(world.spool, 'incoming/link.json'));
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  expect(receiver.requests).toEqual([]);
  expect(readFileSync(outside, 'utf8')).toBe(shellEvent('complete', '1'));
  expect(lstatSync(join(world.spool, 'corrupt/link.json')).isSymbolicLink()).toBe(true);
});

test('capnhook drain keeps both where corrupt/ has an entry of that name already', async () => {
  const world = createWorld();
  world.hooks('hooks: {}\n');
  await world.run(['init']);
  for (const content of ['first', 'second']) {
    writeFileSync(join(world.spool, 'incoming/x.json'), content);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  }
  expect(world.names('corrupt')).toHaveLength(4);
  const kept = world.names('corrupt').map((name) => readFileSync(join(world.spool, 'corrupt', name), 'utf8'));
  expect(kept).toEqual(expect.arrayContaining(['first', 'second']));
});

test('capnhook drain leaves names that begin with a dot alone: somebody is writing them', async () => {
  const world = createWorld();
  world.hooks('hooks: {}\n');
  await world.run(['init']);
  writeFileSync(join(world.spool, 'incoming/.x.json.swp'), 'half');
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  expect(world.names('incoming')).toEqual(['.x.json.swp']);
});

test('capnhook drain puts a damaged file of the queue into corrupt/, and delivers the others', async () => {
  const world = createWorld();
  let status = 500;
  const receiver = await world.receiver(() => ({ status }));
  world.hooks(`hooks: {"**": "${receiver.url}"}\ndefaults: {retry: {schedule: [1ms]}}\n`);
  for (const id of ['a', 'b', 'c']) await world.run(['fire', 'complete', '-d', `"${id}"`, '--id', id]);
  expect(await world.run(['drain'])).toMatchObject({ code: 75 });
  const [endpoint] = world.names('queue');
  const segment = join(world.spool, 'queue', endpoint ?? '', '00000001');
  writeFileSync(join(segment, 'b.json'), '{"hook":"comp');
  status = 204;
  const before = receiver.requests.length;
  expect(await world.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
  expect(
    receiver.requests
      .slice(before)
      .map(({ body }) => body.toString())
      .sort(),
  ).toEqual(['"a"', '"c"']);
  expect(world.names('corrupt')).toEqual(['b.json', 'b.json.why']);
});
