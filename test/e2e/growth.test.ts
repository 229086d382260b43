/** What a drain costs grows with what there is to do, and not with its square: the CPU of n and of 4 n, in real processes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bin, createWorld, node, type World } from '../support/world.js';

/** From n to 4 n the CPU may grow by this power of 4, beyond what a drain of one event costs. */
const most = 1.3;
const n = 500;

/** Tells at the end of a process what CPU it took, in µs. */
const tell = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  require('fs').writeSync(2, \`CPU \${user + system}\\n\`);
});`;

interface Case {
  name: string;
  prepare: (given: { world: World; url: string; count: number }) => Promise<unknown> | unknown;
}

const list = (count: number, line: (number: number) => string) =>
  Array.from({ length: count }, (_, number) => line(number)).join('\n');

async function cpuMs({ prepare }: Case, count: number): Promise<number> {
  const world = createWorld();
  const receiver = await world.receiver();
  const preload = world.file('tell.cjs', tell);
  world.hooks(`hooks: {c: ["${receiver.url}"]}\n`);
  await world.run(['init']);
  await world.run(['fire', 'c', '-d', '1']);
  await prepare({ world, url: receiver.url, count });
  const { code, stderr } = await world.exec(node, ['-r', preload, bin, 'drain']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return Number(/CPU (\d+)/.exec(stderr)?.[1]) / 1_000;
}

test.each<Case>([
  {
    name: '--to',
    prepare: ({ world, url, count }) =>
      world.run(['fire', '--to', '-', '-d', '1'], { input: list(count, (number) => `${url}/${number}`) }),
  },
  {
    name: 'dead',
    prepare({ world, count }) {
      for (let number = 0; number < count; number += 1) {
        const directory = join(world.spool, `dead/gone.example~${number}`);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, 'e.json'), '{"hook":"c","payload":1}');
      }
    },
  },
])(
  'the CPU of a drain grows with $name, and not with its square',
  async (given) => {
    const exponent = async () => {
      const least = await cpuMs({ name: '', prepare: () => undefined }, 1);
      const [few, many] = [await cpuMs(given, n), await cpuMs(given, 4 * n)];
      // What is lost in the noise of the least does not grow.
      return Math.log(Math.max(many - least, 1) / Math.max(few - least, least / 2)) / Math.log(4);
    };
    const found = [await exponent()];
    while (Math.min(...found) > most && found.length < 3) found.push(await exponent());
    expect(Math.min(...found)).toBeLessThanOrEqual(most);
  },
  120_000,
);
