import { expect, it } from 'vitest';
import { createPlaces } from '../../src/shared/places.js';

it('enter() waits until there is a place, in order', async () => {
  const places = createPlaces(2);
  const entered: string[] = [];
  const enter = async (name: string) => {
    const leave = await places.enter();
    entered.push(name);
    return leave;
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
