import { expect, it } from 'vitest';
import { createCut } from '../../src/shared/cut.js';

it('createCut() calls each listener once, and none that has left', () => {
  const { signal, cutOff } = createCut();
  const called: string[] = [];
  const leaving = () => void called.push('leaving');
  signal.addEventListener('abort', leaving);
  signal.addEventListener('abort', () => {
    called.push(`stays ${signal.aborted}`);
    signal.removeEventListener('abort', later);
  });
  const later = () => void called.push('later');
  signal.addEventListener('abort', later);
  signal.removeEventListener('abort', leaving);
  expect(signal.aborted).toBe(false);
  cutOff();
  cutOff();
  expect(called).toEqual(['stays true']);
  expect(signal.aborted).toBe(true);
});
