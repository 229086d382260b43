/** `fire()` of the library, many at once in a real process that is killed. */
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { measure } from '../faults/support/measure.js';
import { expectAccepted, firingScript } from '../support/firing-child.js';
import { createWorld, node } from '../support/world.js';

const kills = measure(6, 60);

test('fire() of 64 at once, killed with SIGKILL at any moment: what had resolved is in incoming/, and nothing is torn', async () => {
  const world = createWorld();
  const script = firingScript(world);
  let accepted = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const env = { UV_THREADPOOL_SIZE: kill % 2 === 0 ? '64' : undefined };
    const running = world.launch(node, [script], { env });
    const wanted = 27 * 64 * Math.random();
    let said = 0;
    running.child.stdout.on('data', (text: string) => {
      said += text.length;
      if (said > wanted) running.kill('SIGKILL');
    });
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 'SIGKILL', stderr: '' });
    accepted += expectAccepted(world.spool, stdout);
    rmSync(world.spool, { recursive: true });
  }
  expect(accepted).toBeGreaterThan(kills);
});
