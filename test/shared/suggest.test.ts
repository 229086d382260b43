import { describe, expect, it } from 'vitest';
import { suggest } from '../../src/shared/suggest.js';

const keys = ['timeout', 'concurrency', 'giveUpAfter', 'retry', 'url'];

describe('suggest()', () => {
  it.each([
    ['tiemout', 'timeout'],
    ['time_out', 'timeout'],
    ['concurency', 'concurrency'],
    ['GIVEUPAFTER', 'giveUpAfter'],
    ['retyr', 'retry'],
    ['uri', 'url'],
  ])('suggest() takes %s for %s', (word, meant) => expect(suggest(word, keys)).toBe(meant));

  it('suggest() is silent where nothing is near', () => {
    expect(suggest('banana', keys)).toBeUndefined();
    expect(suggest('', keys)).toBeUndefined();
    expect(suggest('x'.repeat(65), ['x'.repeat(64)])).toBeUndefined();
  });

  it('suggest() prefers the nearest candidate and never the word itself', () => {
    expect(suggest('chat', ['chapter', 'chats', 'chat'])).toBe('chats');
  });
});
