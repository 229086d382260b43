import { expect, it } from 'vitest';
import { createSemaphore } from '../../../src/usecases/drain/semaphore.js';

it('acquire() waits for a free slot, in order', async () => {
  const semaphore = createSemaphore(2);
  const entered: string[] = [];
  const enter = async (name: string) => {
    const release = await semaphore.acquire();
    entered.push(name);
    return release;
  };
  const [first, second] = await Promise.all([enter('a'), enter('b')]);
  const third = enter('c');
  const fourth = enter('d');
  await Promise.resolve();
  expect(entered).toEqual(['a', 'b']);
  second?.();
  (await third)();
  await fourth;
  first?.();
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
});
