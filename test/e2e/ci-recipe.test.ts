/** The recipes of the pages that are more than one command line, run as they stand there. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fencesOf } from '../docs/markdown.js';
import type { Receiver } from '../support/receiver.js';
import { createWorld, type Ended, node, repository, type World } from '../support/world.js';

interface Step {
  name: string;
  if?: string;
  shell?: string;
  env?: Record<string, string>;
  run: string;
}

function fencesIn(path: string): string[] {
  const text = readFileSync(join(repository, path), 'utf8');
  return fencesOf({ path, text }).map(({ lines }) => `${lines.join('\n')}\n`);
}

const readme = fencesIn('README.md');
const hooksFile = readme.find((text) => text.includes('DEPLOY_HOOK_URL') && text.startsWith('hooks:')) ?? '';
const recipe = readme.find((text) => text.startsWith('steps:')) ?? '';

/** An account's machine: one home, and an npm that installs the capnhook of this repository. */
function createAccount(world: World): Record<string, string | undefined> {
  const tools = join(world.root, 'bin');
  mkdirSync(tools);
  symlinkSync(node, join(tools, 'node'));
  const install = `#!/bin/sh\n[ "$*" = "install --global capnhook" ] && ln -sf "$BIN" "${tools}/capnhook"\n`;
  writeFileSync(join(tools, 'npm'), install);
  chmodSync(join(tools, 'npm'), 0o755);
  return { ...world.env, PATH: `${tools}:${world.env.PATH}` };
}

/** Runs a job: its steps, in a workspace and with a directory for temporary files of its own, as a runner does. */
async function runJob(
  world: World,
  { name, env, receiver }: { name: string; env: Record<string, string | undefined>; receiver: Receiver },
): Promise<Ended[]> {
  const workspace = join(world.root, 'work', name);
  const temporary = join(world.root, 'runner-temp'); // shared by the worst of runners
  mkdirSync(temporary, { recursive: true });
  world.file(`work/${name}/deploy.yaml`, hooksFile);
  const values: Record<string, string> = {
    '${{ secrets.DEPLOY_HOOK_URL }}': `${receiver.url}/${name}`,
    '${{ job.status }}': 'success',
  };
  const ended: Ended[] = [];
  for (const step of (parse(recipe) as { steps: Step[] }).steps) {
    const stepEnv = Object.entries(step.env ?? {}).map(([key, value]) => [key, values[value]]);
    const all = { ...env, ...Object.fromEntries(stepEnv), GITHUB_SHA: name, RUNNER_TEMP: temporary };
    const script = `cd '${workspace}'\n${step.run}`;
    const bash = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script];
    ended.push(await world.exec('bash', bash, { env: all }));
  }
  return ended;
}

describe('the CI recipe of README.md', () => {
  test('delivers the events of two jobs of one account, one after the other and at the same time, to a receiver that is down at first, too', async ({
    skip,
  }) => {
    const world = createWorld();
    skip((await world.sh('command -v bash && command -v jq')).code !== 0, 'there is no bash, or no jq');
    const env = createAccount(world);
    let failures = 2;
    const mine = await world.receiver();
    const shaky = await world.receiver(() => (failures-- > 0 ? { status: 503 } : { status: 204 }));
    const jobs = [
      { name: 'first', env, receiver: mine },
      { name: 'second', env, receiver: shaky },
    ] as const;

    for (const ended of [
      await runJob(world, jobs[0]),
      ...(await Promise.all(jobs.map((job) => runJob(world, job)))),
    ])
      expect(ended.map(({ code }) => code)).toEqual([0, 0]);

    const bodies = (receiver: Receiver) =>
      receiver.requests.map(({ body }) => JSON.parse(`${body}`) as object);
    expect(bodies(mine)).toEqual(Array(2).fill({ commit: 'first', status: 'success' }));
    expect(bodies(shaky)).toEqual(Array(3).fill({ commit: 'second', status: 'success' }));
    expect(world.names('')).toEqual([]); // nothing went into the account's spool
  });

  test('fails, and says what is still queued, when the receiver is down all the time', async ({ skip }) => {
    const world = createWorld();
    skip((await world.sh('command -v bash && command -v jq')).code !== 0, 'there is no bash, or no jq');
    const env = createAccount(world);
    const receiver = await world.receiver(() => ({ status: 503 }));
    const hurried = {
      ...env,
      BASH_ENV: world.file('hurry', 'capnhook() { command capnhook $(echo "$@" | sed s/2m/1s/); }\n'),
    };
    const ended = await runJob(world, { name: 'job', env: hurried, receiver });
    expect(ended.at(-1)).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/1 still queued: 1 for deploy \(parked: 503, next attempt .*\)\n$/),
    });
  });
});

describe('the recipe of docs/spool-format.md for what is old', () => {
  test('counts the deliveries that are older than an hour by the time of their events, whenever they were taken in', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => ({ status: 503 }));
    world.hooks(`hooks: {complete: ["${receiver.url}"]}\n`);
    await world.run(['fire', 'complete', '-d', '1']);
    const time = new Date(Date.now() - 7_200_000).toISOString();
    const header = `{"capnhook":1,"id":"old","hook":"complete","time":"${time}",`;
    // Its file is as new as a copy that the intake makes.
    world.file('home/.local/state/capnhook/spool/incoming/old.json', `${header}\n"payload":1\n}\n`);
    await world.run(['drain', '-q']);
    const script = fencesIn('docs/spool-format.md').find((text) => text.includes('hour_ago=')) ?? '';
    const counted = await world.sh(`cd ~/.local/state/capnhook/spool\n${script}`);
    expect(counted.stdout.trim().split(/\s+/)).toEqual(['1', '0', '0']);
  });
});
