import { describe, expect, test } from 'vitest';
import { isHookName } from '../../src/event/hook-name.js';

describe('isHookName()', () => {
  test.each(['complete', 'build.failed', '_x', '9', 'A-b_c.d', 'a.', 'a'.repeat(128)])(
    'isHookName() accepts %s',
    (name) => {
      expect(isHookName(name)).toBe(true);
    },
  );

  test.each(['', '.a', '-a', 'a..b', '../etc', 'a/b', 'a b', 'a\n', 'é', 'a*', 'a'.repeat(129), 'http://a'])(
    'isHookName() refuses %j',
    (name) => {
      expect(isHookName(name)).toBe(false);
    },
  );
});
