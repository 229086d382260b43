/** A program of its own that fires many events at once with the library, and says which were accepted. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { repository, type World } from './world.js';

/** Writes the program: 64 at once by default, again and again, or so many rounds. */
export function firingScript(
  world: World,
  { atOnce = 64, rounds = 1e9 }: { atOnce?: number; rounds?: number } = {},
): string {
  return world.file(
    'fire-together.cjs',
    `const { writeSync } = require('node:fs');
const { fire } = require(${JSON.stringify(`${repository}/dist/index.cjs`)});
async function fireOne(n) {
  const { id } = await fire('load', { n, text: 'x'.repeat(3000) });
  writeSync(1, id + '\\n');
}
(async () => {
  for (let round = 0; round < ${rounds}; round += 1) {
    const settled = await Promise.allSettled(Array.from({ length: ${atOnce} }, (_, n) => fireOne(n)));
    if (settled.some(({ status }) => status === 'rejected')) process.exit(1);
  }
})();
`,
  );
}

/** Whatever was said to be accepted is in this spool, and whatever is there is whole. Returns how many were said to be. */
export function expectAccepted(spool: string, stdout: string): number {
  const incoming = `${spool}/incoming`;
  const said = stdout.split('\n').slice(0, -1); // the last line may be torn
  const there = new Set(existsSync(incoming) ? readdirSync(incoming) : []);
  expect(said.filter((id) => !there.has(`${id}.json`))).toEqual([]);
  for (const name of there) {
    const { payload } = JSON.parse(readFileSync(`${incoming}/${name}`, 'utf8'));
    expect(payload.text).toHaveLength(3000);
  }
  return said.length;
}
