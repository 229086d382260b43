/** Where the package's compiled code is for another V8, a user has compiled code of his own. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorld, type Ended, installInto, node, type World } from '../support/world.js';

/** Says at the end of the process which caches V8 has taken. */
const spy = `
const vm = require('node:vm');
const { writeFileSync } = require('node:fs');
const { Script } = vm;
const taken = [];
vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    taken.push(options.cachedData !== undefined && this.cachedDataRejected === false);
  }
};
process.on('exit', () => writeFileSync(process.env.SPY, JSON.stringify(taken)));
`;

interface Foreign {
  world: World;
  /** Where this user's compiled code is. */
  caches: string;
  run(args: readonly string[], env?: Record<string, string | undefined>): Promise<Ended>;
  /** Whether each script that was loaded came with compiled code. */
  taken(args: readonly string[]): Promise<boolean[]>;
}

/** A copy of the package that was built by another V8. */
function builtByAnother(): Foreign {
  const world = createWorld();
  world.hooks('hooks: {complete: [https://a.example/in]}\n');
  const copy = installInto(join(world.root, 'copy'));
  const dist = join(world.root, 'copy/dist');
  for (const name of readdirSync(dist).filter((each) => /^[\w-]+\.js$/.test(each))) {
    const source = readFileSync(join(dist, name), 'latin1');
    writeFileSync(join(dist, name), source.replace(/ \S+$/, ' 1.2.3.4-other'), 'latin1');
  }
  const preload = world.file('spy.cjs', spy);
  const output = join(world.root, 'taken.json');
  return {
    world,
    caches: join(world.home, '.cache/capnhook'),
    run: (args, env) => world.exec(node, [copy, ...args], { env: { ...env } }),
    async taken(args) {
      const ended = await world.exec(node, ['--require', preload, copy, ...args], { env: { SPY: output } });
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      return JSON.parse(readFileSync(output, 'utf8')) as boolean[];
    },
  };
}

test('the second run of a command finds what the first one compiled, readable for its user alone', async () => {
  const { caches, taken } = builtByAnother();
  for (const args of [['fire', 'complete', '-d', '1'], ['--help'], ['targets']]) {
    const first = await taken(args);
    const second = await taken(args);
    expect(first[0], args[0]).toBe(args[0] === 'targets'); // main.js was compiled for --help
    expect(second.every(Boolean), args[0]).toBe(true);
  }
  expect(statSync(caches).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(caches)) {
    expect(statSync(join(caches, name)).mode & 0o777).toBe(0o600);
  }
});

test('XDG_CACHE_HOME says where it is kept; a relative one, no HOME, and a place that cannot be written change nothing', async () => {
  const { world, caches, run } = builtByAnother();
  const elsewhere = join(world.root, 'elsewhere');
  const blocked = world.file('blocked', '');
  const environments = [
    { XDG_CACHE_HOME: elsewhere },
    { XDG_CACHE_HOME: 'relative' },
    { XDG_CACHE_HOME: blocked },
    { HOME: undefined, CAPNHOOK_SPOOL: world.spool },
    { HOME: '', CAPNHOOK_SPOOL: world.spool },
  ];
  for (const env of environments) {
    const ended = await run(['fire', 'complete', '-d', '1'], env);
    expect(ended, JSON.stringify(env)).toMatchObject({ code: 0, stderr: '' });
  }
  expect(readdirSync(join(elsewhere, 'capnhook'))).toHaveLength(1);
  expect(readdirSync(caches)).toHaveLength(1); // by the relative one
  expect(existsSync(join(world.root, 'relative'))).toBe(false);
});

test('compiled code that others can write, that belongs to another user, or that is garbage is never run', async () => {
  const { caches, taken, run } = builtByAnother();
  await run(['fire', 'complete', '-d', '1']);
  const [name = ''] = readdirSync(caches);
  const file = join(caches, name);

  for (const mode of [0o620, 0o602]) {
    chmodSync(file, mode);
    expect(await taken(['fire', 'complete', '-d', '1'])).toEqual([false]);
  }
  writeFileSync(file, 'x'.repeat(5_000), { mode: 0o600 });
  expect(await taken(['fire', 'complete', '-d', '1'])).toEqual([false]);
  expect(await taken(['fire', 'complete', '-d', '1'])).toEqual([true]); // it was written again

  chmodSync(caches, 0o777);
  expect(await taken(['fire', 'complete', '-d', '1'])).toEqual([false]);
  chmodSync(caches, 0o700);
  if (process.getuid?.() !== 0) return; // only root can give a file away
  chownSync(file, 54_321, 54_321);
  expect(await taken(['fire', 'complete', '-d', '1'])).toEqual([false]);
});

test('what was compiled of earlier versions goes: forty files are kept', async () => {
  const { caches, run } = builtByAnother();
  mkdirSync(caches, { recursive: true, mode: 0o700 });
  for (let n = 10; n < 60; n += 1) {
    writeFileSync(join(caches, `old-${n}`), '');
    utimesSync(join(caches, `old-${n}`), n, n);
  }
  await run(['fire', 'complete', '-d', '1']);
  const names = readdirSync(caches).sort();
  expect(names).toHaveLength(40);
  expect(names.filter((each) => each.startsWith('fire.js-'))).toHaveLength(1);
  expect(names).not.toContain('old-10');
  expect(names).toContain('old-59');
});

test('a stack trace names no directory of the machine that built the package', async () => {
  const world = createWorld();
  const copy = installInto(join(world.root, 'copy'));
  const broken = world.file(
    'broken.cjs',
    `const fs = require('node:fs');
    fs.fsyncSync = () => { throw new TypeError('broken on purpose'); };`,
  );
  const ended = await world.exec(node, ['--require', broken, copy, 'fire', 'complete', '-d', '1']);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/\(capnhook\/dist\/fire\.js:\d+:\d+\)/);
  expect(ended.stderr.replaceAll(world.root, '')).not.toMatch(/\/(?!dist)[\w-]+\/dist\/\w+\.js/);
});
