/** What a process of the command line loads before it does its work: each module more is time for every `fire`. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { startRawServer, startReceiver } from '../support/receiver.js';
import { bin, createWorld, node, repository, type World } from '../support/world.js';

/** Writes what was loaded of Node's own modules, and what became of each code cache, at the end of the process. */
const spy = `
const vm = require('node:vm');
const { writeFileSync } = require('node:fs');
const { basename } = require('node:path');
const { Script } = vm;
const scripts = [];
vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    scripts.push({ file: basename(options.filename), rejected: this.cachedDataRejected });
  }
};
process.on('exit', () => {
  const modules = process.moduleLoadList.filter((name) => /^NativeModule (?!internal)/.test(name));
  writeFileSync(process.env.SPY, JSON.stringify({ modules: modules.map((name) => name.split(' ')[1]), scripts }));
});
`;

interface Seen {
  modules: string[];
  scripts: Array<{ file: string; rejected: boolean }>;
}

async function spyOn(world: World, args: readonly string[]): Promise<Seen> {
  const output = join(world.root, 'seen.json');
  const ended = await world.exec(node, ['--require', world.file('spy.cjs', spy), ...args], {
    env: { SPY: output },
  });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(readFileSync(output, 'utf8')) as Seen;
}

test('the launcher is written so that every Node that is too old can read it, and say so', async () => {
  const source = readFileSync(bin, 'utf8');
  const { code: asIs } = await transform(source, { target: 'esnext' });
  const { code: forOld } = await transform(source, { target: 'es2018' });
  expect(forOld).toBe(asIs);
});

/** What Node loads with `node:child_process`, and `os` for the machine's name. */
const ofChildren = [
  ...['child_process', 'net', 'dgram', 'diagnostics_channel', 'dns', 'timers'],
  ...['stream', 'stream/promises', 'string_decoder', 'os'],
];

test.each([
  [['fire', 'complete', '-d', '1'], ['fire.js'], []],
  [['run', 'complete', '--', 'true'], ['run.js'], ofChildren],
  [['--help'], ['main.js', 'program.js', 'commander.js'], ['process']],
  [['drain'], ['main.js', 'yaml.js'], ['process']],
])(
  'capnhook %j loads %j and of Node hardly anything that a script without a line does not',
  async (args, files, more) => {
    const world = createWorld();
    world.hooks('hooks: {complete: [https://a.example/in]}');
    const { modules: always } = await spyOn(world, [world.file('nothing.cjs', '')]);
    const { modules, scripts } = await spyOn(world, [bin, ...args]);
    expect(scripts.map(({ file }) => file)).toEqual(files);
    const allowed = new Set([...always, ...more, 'util', 'buffer', 'events']);
    expect(modules.filter((name) => !allowed.has(name))).toEqual([]);
  },
);

test('capnhook drain loads the YAML library for a plain hooks file only when it has something to do', async () => {
  const world = createWorld();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  world.hooks(`hooks:\n  complete: [${receiver.url}]\n`);
  const idle = await spyOn(world, [bin, 'drain']);
  await world.run(['fire', 'complete', '-d', '1']);
  const busy = await spyOn(world, [bin, 'drain']);
  expect(idle.scripts.map(({ file }) => file)).toEqual(['main.js']);
  // An update may replace the files while it drains, and the hooks file may change.
  expect(busy.scripts.map(({ file }) => file)).toEqual(['main.js', 'drain.js', 'yaml.js', 'undici.js']);
});

test('capnhook drain that sends loads of undici and of Node what it uses, and no more', async () => {
  const world = createWorld();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  world.hooks(`hooks: {complete: [${receiver.url}]}`);
  await world.run(['fire', 'complete', '-d', '1']);
  const { modules, scripts } = await spyOn(world, [bin, 'drain']);
  expect(receiver.requests).toHaveLength(1);
  expect(scripts.map(({ file }) => file)).toEqual(['main.js', 'yaml.js', 'drain.js', 'undici.js']);
  for (const name of ['http', 'http2', 'assert', 'perf_hooks', 'worker_threads', 'zlib'])
    expect(modules).not.toContain(name);
});

test('capnhook drain has the words of its own for an answer that undici asserts never to come', async () => {
  const world = createWorld();
  const server = await startRawServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n'));
  });
  onTestFinished(() => server.close());
  world.hooks(`hooks: {complete: [${server.url}]}`);
  await world.run(['fire', 'complete', '-d', '1']);
  expect(await world.run(['drain'])).toMatchObject({
    code: 75,
    stderr: expect.stringContaining('BAD_RESPONSE'),
  });
});

test.each([
  { events: 3, optimised: 0 },
  { events: 3_000, optimised: 1 },
])(
  'capnhook drain that sends $events events has the parser of answers compiled to its best code $optimised times',
  async ({ events, optimised }) => {
    const world = createWorld();
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    world.hooks(`hooks: {complete: [{url: ${receiver.url}, concurrency: 64}]}`);
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: '1\n'.repeat(events) });
    const drained = await world.exec(node, ['--trace-wasm-compilation-times', bin, 'drain']);
    expect(drained.code).toBe(0);
    expect(receiver.requests).toHaveLength(events);
    const compiled = drained.stdout.match(/.*TurboFan.*/g) ?? [];
    expect(Math.min(compiled.length, 1)).toBe(optimised);
  },
);

test('each class of the command line is in one file of its parts, so that instanceof works across them', () => {
  const parts = ['main.js', 'drain.js', 'program.js'].map((name) =>
    readFileSync(join(repository, 'dist', name), 'latin1'),
  );
  const defined = parts.flatMap((text) => text.match(/\bname="CapnhookError"/g) ?? []);
  expect(defined).toHaveLength(1);
});

test('the Node that has built dist/ takes the compiled code that is kept there', async () => {
  if (node !== process.execPath) return; // another V8
  const world = createWorld();
  world.hooks('hooks: {complete: [https://a.example/in]}');
  for (const args of [['fire', 'complete', '-d', '1'], ['targets'], ['--help']]) {
    const { scripts } = await spyOn(world, [bin, ...args]);
    expect(scripts.filter(({ rejected }) => rejected)).toEqual([]);
    expect(scripts).not.toEqual([]);
  }
});

test('compiled code that is no good to this Node is passed over', async () => {
  const world = createWorld();
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(repository, part), join(world.root, 'copy', part), { recursive: true });
  }
  const dist = join(world.root, 'copy/dist');
  const caches = readdirSync(dist).filter((name) => name.endsWith('.cache'));
  expect(caches).toContain('fire.js.cache');
  const copy = join(world.root, 'copy/bin/capnhook.js');
  for (const content of ['', 'x'.repeat(10_000)]) {
    for (const name of caches) writeFileSync(join(dist, name), content);
    expect(await world.exec(node, [copy, 'fire', 'complete', '-d', '1'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await world.exec(node, [copy, '--version'])).toMatchObject({ code: 0, stderr: '' });
  }
  expect(world.names('incoming')).toHaveLength(2);
});

test('drain of a spool with nothing to do takes no lock, and still minds the hooks file and who drains', async () => {
  const world = createWorld();
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  expect(await world.run(['drain', '--config', '/nonexistent.yaml'])).toMatchObject({ code: 78 });
  world.hooks('hooks: {complete: [https://a.example/in]}');
  expect(await world.run(['drain'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(world.names('.')).not.toContain('lock');
  const daemon = world.start(['drain', '--daemon']);
  await daemon.says('started');
  expect(await world.run(['drain'])).toMatchObject({
    code: 75,
    stderr: expect.stringContaining('another drain'),
  });
  daemon.kill('SIGTERM');
  await daemon.ended;
  expect(await world.run(['drain', '--json'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"owed":0'),
  });
});
