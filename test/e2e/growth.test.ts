/** What a command costs grows with what there is to do, and not with its square: the CPU of n and of 4 n, in real processes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bin, createWorld, node, type World } from '../support/world.js';

/** From n to 4 n the CPU may grow by this power of 4, beyond what a drain of one event costs. */
const most = 1.3;

/** How often it is measured at most; the least counts, since other processes only add to it. */
const tries = 4;

/** Tells at the end of a process what CPU it took, in µs. */
const tell = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  require('fs').writeSync(2, \`CPU \${user + system}\\n\`);
});`;

interface Case {
  name: string;
  n: number;
  /** What grows; `drain` by default. */
  args?: string[];
  prepare: (given: { world: World; url: string; count: number }) => Promise<unknown> | unknown;
}

const list = (count: number, line: (number: number) => string) =>
  Array.from({ length: count }, (_, number) => line(number)).join('\n');

const events = (world: World, count: number, hookOf: (number: number) => string) => {
  for (let number = 0; number < count; number += 1)
    world.file(`${incoming}/e${number}.json`, `{"hook":"${hookOf(number)}","payload":1}`);
};

const incoming = 'home/.local/state/capnhook/spool/incoming';

async function cpuMs(
  { prepare, args = ['drain'] }: Omit<Case, 'name' | 'n'>,
  count: number,
): Promise<number> {
  const world = createWorld();
  const receiver = await world.receiver();
  const preload = world.file('tell.cjs', tell);
  world.hooks(`hooks: {c: ["${receiver.url}"]}\n`);
  await world.run(['init']);
  await world.run(['fire', 'c', '-d', '1']);
  await prepare({ world, url: receiver.url, count });
  const { code, stderr } = await world.exec(node, ['-r', preload, bin, ...args]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return Number(/CPU (\d+)/.exec(stderr)?.[1]) / 1_000;
}

/** By which power of 4 the CPU grows from n to 4 n, beyond what the command costs with one. */
async function exponentOf(given: Case): Promise<number> {
  const least = await cpuMs(given, 1);
  const [few, many] = [await cpuMs(given, given.n), await cpuMs(given, 4 * given.n)];
  // What is lost in the noise of the least does not grow.
  return Math.log(Math.max(many - least, 1) / Math.max(few - least, least / 2)) / Math.log(4);
}

test.each<Case>([
  {
    name: '--to',
    n: 200,
    prepare: ({ world, url, count }) =>
      world.run(['fire', '--to', '-', '-d', '1'], { input: list(count, (number) => `${url}/${number}`) }),
  },
  {
    name: 'registrations',
    n: 200,
    async prepare({ world, url, count }) {
      world.hooks(`hooks:\n  c:\n${list(count, (number) => `    - ${url}/${number}`)}\n`);
      await world.run(['fire', 'c', '-d', '1']);
    },
  },
  {
    name: 'the hooks of the hooks file',
    n: 1_000,
    prepare: ({ world, url, count }) =>
      world.hooks(`hooks:\n  c: ${url}\n${list(count, (number) => `  h${number}: ${url}/${number}`)}\n`),
  },
  {
    name: 'the endpoints of the hooks file',
    n: 500,
    prepare({ world, url, count }) {
      const names = Array.from({ length: count }, (_, number) => `e${number}`);
      const endpoints = list(count, (number) => `  e${number}: {url: "${url}/${number}", timeout: 5s}`);
      world.hooks(`hooks: {c: "${url}", d: [${names.join(', ')}]}\nendpoints:\n${endpoints}\n`);
    },
  },
  {
    name: 'the hooks file, of register',
    n: 1_000,
    args: ['register', 'd', 'https://example.com/in'],
    prepare: ({ world, count }) =>
      world.hooks(`hooks:\n${list(count, (number) => `  h${number}: https://example.com/${number}`)}\n`),
  },
  {
    name: 'patterns, each tried with an event',
    n: 300,
    prepare({ world, url, count }) {
      const patterns = (number: number) => `  "p${number}.*": ${url}\n  "*.q${number}.**": ${url}/q`;
      world.hooks(`hooks:\n  c: ${url}\n${list(count, patterns)}\n`);
      events(world, count, (number) => `p${number}.x`);
    },
  },
  {
    name: 'what is in incoming/',
    n: 500,
    prepare: ({ world, count }) => events(world, count, () => 'c'),
  },
  {
    name: 'what nobody is registered for',
    n: 500,
    prepare: ({ world, count }) => events(world, count, (number) => `typo${number}`),
  },
  {
    name: 'requests',
    n: 200,
    prepare({ world, count }) {
      for (let number = 0; number < count; number += 1) {
        const request = { capnhook: 1, request: 'deregister', endpoints: [`gone.example~${number}`] };
        world.file(`${incoming}/../control/r${number}.json`, JSON.stringify(request));
      }
    },
  },
  {
    name: 'dead',
    n: 500,
    prepare({ world, count }) {
      for (let number = 0; number < count; number += 1) {
        const directory = join(world.spool, `dead/gone.example~${number}`);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, 'e.json'), '{"hook":"c","payload":1}');
      }
    },
  },
])(
  'the CPU grows with $name, and not with its square',
  async (given) => {
    const found: number[] = [];
    do found.push(await exponentOf(given));
    while (Math.min(...found) > most && found.length < tries);
    expect(Math.min(...found)).toBeLessThanOrEqual(most);
  },
  120_000,
);
