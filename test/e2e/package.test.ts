import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as library from '../../src/index.js';
import { createWorld, node, repository, type World } from '../support/world.js';

/** Puts the package, as npm would publish it, into a project of its own; returns the project's directory. */
async function install(world: World): Promise<string> {
  // The scripts would build dist/ anew under the feet of the other tests.
  const packed = await world.exec('npm', [
    'pack',
    repository,
    '--ignore-scripts',
    '--json',
    '--offline',
    '--pack-destination',
    world.root,
  ]);
  expect(packed.code, packed.stderr).toBe(0);
  const modules = join(world.root, 'project/node_modules');
  mkdirSync(join(modules, 'capnhook'), { recursive: true });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const tar = ['-xzf', join(world.root, filename), '-C', join(modules, 'capnhook'), '--strip-components=1'];
  expect(await world.exec('tar', tar)).toMatchObject({ code: 0 });
  const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    dependencies: object;
  };
  // Where the dependencies' own dependencies are, too.
  for (const name of [...Object.keys(dependencies), '@types']) {
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
  return join(world.root, 'project');
}

const esm = `
import * as library from 'capnhook';
import { createRequire } from 'node:module';
const { fire, register, deregister, targets, drain, start, stop, flush, CapnhookError } = library;
const common = createRequire(import.meta.url)('capnhook');
const [url] = process.argv.slice(2);
await register('complete', url);
const fired = await fire('complete', { id: 1 });
await fire(url, [2]);
await fire([url], '3');
await fire(() => [url], 4);
await fire(async () => url, new TextEncoder().encode('5.0'));
const refused = await fire('complete', undefined).catch((error) => error);
const summary = await drain();
const found = await targets('complete');
const { pid } = await start();
const { holder } = await stop();
await fire('complete', 6);
const dropped = await flush();
const { removedFrom } = await deregister(url);
console.log(JSON.stringify({
  fired: fired.id.slice(0, 4), delivered: summary.delivered, found: found.map(({ endpoints }) => endpoints.length),
  stopped: holder.pid === pid, dropped, removedFrom,
  refused: [refused instanceof CapnhookError, refused instanceof common.CapnhookError, refused.code],
  same: Object.keys(common).every((name) => common[name] === library[name]),
}));
`;

const commonJs = `
const { fire, drain, CapnhookError } = require('capnhook');
fire('complete', { from: 'cjs' })
  .then(() => drain())
  .catch((error) => console.log(JSON.stringify([error instanceof CapnhookError, error.code])));
`;

const consumer = `
import { CapnhookError, drain, type DrainSummary, type ErrorCode, type Fired, fire, register, deregister, targets, start, stop, flush } from 'capnhook';
export async function use(): Promise<DrainSummary> {
  const fired: Fired = await fire(async () => ['https://example.com/'], { id: 1 }, { spool: '/tmp/x', hook: 'complete' });
  const changed: boolean = (await register('complete', 'https://example.com/')).changed;
  const queued: number = (await deregister('https://example.com/', { hook: 'complete' })).queued;
  const ids: string[] = (await targets()).flatMap(({ endpoints }) => endpoints.map(({ id }) => id));
  const pid: number = (await start()).pid;
  void [fired.events, changed, queued, ids, pid, (await stop()).holder?.since, (await flush()).count];
  try {
    return await drain({ waitMs: 1000, stop: AbortSignal.timeout(5), logger: (notice) => void notice.kind });
  } catch (error) {
    const code: ErrorCode | undefined = error instanceof CapnhookError ? error.code : undefined;
    throw code;
  }
}
// @ts-expect-error a payload is needed
void fire('complete');
`;

test('the package works as it is installed: import and require give the same library, the bin runs, and the types check', async () => {
  const world = createWorld();
  const receiver = await world.receiver();
  const project = await install(world);

  const imported = await world.exec(node, [world.file('project/use.mjs', esm), `${receiver.url}/in`]);
  expect(imported.stderr).toBe('');
  expect(JSON.parse(imported.stdout)).toEqual({
    fired: 'evt_',
    delivered: 5,
    found: [1],
    stopped: true,
    dropped: {
      count: 1,
      states: { incoming: 1 },
      hooks: [{ hook: 'complete', count: 1 }],
      endpoints: [],
      entries: [{ event: expect.stringMatching(/^evt_/), state: 'incoming' }],
      isDraining: false,
    },
    removedFrom: ['complete'],
    refused: [true, true, 'BAD_PAYLOAD'],
    same: true,
  });
  expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual([
    '"3"',
    '4',
    '5.0',
    '[2]',
    '{"id":1}',
  ]);

  const env = { CAPNHOOK_CONFIG: join(world.root, 'nowhere.yaml') };
  const required = await world.exec(node, [world.file('project/use.cjs', commonJs)], { env });
  expect(required).toEqual({ code: 0, stdout: '[true,"HOOKS_FILE"]\n', stderr: '' });

  const bin = join(project, 'node_modules/capnhook/bin/capnhook.js');
  const version = await world.exec(node, [bin, '--version']);
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+/);

  for (const kind of ['mts', 'cts']) world.file(`project/consumer.${kind}`, consumer);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
  };
  world.file('project/tsconfig.json', JSON.stringify({ compilerOptions, include: ['consumer.*'] }));
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  const checked = await world.exec(node, [tsc, '-p', project]);
  expect(checked.stdout + checked.stderr).toBe('');
  expect(checked.code).toBe(0);
});

test('the package loads from CommonJS and as an ES module, with the same classes', () => {
  const script = `
    const required = require('./dist/index.cjs');
    import('./dist/index.mjs').then((imported) => {
      const names = Object.keys(imported);
      console.log(JSON.stringify({ names, same: names.every((name) => imported[name] === required[name]) }));
    });`;
  const said = JSON.parse(execFileSync(node, ['-e', script], { cwd: repository, encoding: 'utf8' }));
  expect(said).toEqual({ names: Object.keys(library).sort(), same: true });
});
