import { expect, it } from 'vitest';
import { createCut } from '../../src/shared/cut.js';

it('createCut() calls each listener once, and none that has left', () => {
  const { signal, cutOff } = createCut();
  const called: string[] = [];
  const leaving = () => void called.push('leaving');
  signal.addEventListener('abort', leaving);
  signal.addEventListener('abort', () => void called.push(`stays ${signal.aborted}`));
  signal.removeEventListener('abort', leaving);
  expect(signal.aborted).toBe(false);
  cutOff();
  cutOff();
  expect(called).toEqual(['stays true']);
  expect(signal.aborted).toBe(true);
});

it('createCut() does not call a listener that another one has taken out', () => {
  const { signal, cutOff } = createCut();
  const called: string[] = [];
  const other = { one: () => {}, two: () => {} };
  const listenerOf = (name: 'one' | 'two', rival: 'one' | 'two') => () => {
    called.push(name);
    signal.removeEventListener('abort', other[rival]);
  };
  other.one = listenerOf('one', 'two');
  other.two = listenerOf('two', 'one');
  signal.addEventListener('abort', other.one);
  signal.addEventListener('abort', other.two);
  cutOff();
  expect(called).toHaveLength(1);
});
