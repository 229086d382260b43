import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createCutOffs } from '../../../src/delivery/http/cut-offs.js';

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('createCutOffs()', () => {
  test('add() has all that wait cut off by their own signal, each once, with one listener on it', () => {
    const cutOffs = createCutOffs();
    const [mine, other] = [new AbortController(), new AbortController()];
    const cut: string[] = [];
    for (const name of ['a', 'b', 'c']) cutOffs.add(mine.signal, () => cut.push(name));
    cutOffs.add(other.signal, () => cut.push('other'));
    expect([listenersOf(mine.signal), listenersOf(other.signal)]).toEqual([1, 1]);
    mine.abort();
    mine.abort();
    expect(cut).toEqual(['a', 'b', 'c']);
  });

  test('delete() keeps one from being cut off, and lets go of a signal that nobody waits for', () => {
    const cutOffs = createCutOffs();
    const { signal } = new AbortController();
    const cut: string[] = [];
    const [a, b] = ['a', 'b'].map((name) => () => void cut.push(name));
    cutOffs.add(signal, a!);
    cutOffs.add(signal, b!);
    cutOffs.delete(signal, a!);
    expect(listenersOf(signal)).toBe(1);
    cutOffs.delete(signal, b!);
    expect(listenersOf(signal)).toBe(0);
    cutOffs.delete(signal, b!);
  });

  test('delete() can be called by those that are cut off', () => {
    const cutOffs = createCutOffs();
    const controller = new AbortController();
    const cut: string[] = [];
    for (const name of ['a', 'b']) {
      const cutOff = () => {
        cut.push(name);
        cutOffs.delete(controller.signal, cutOff);
      };
      cutOffs.add(controller.signal, cutOff);
    }
    controller.abort();
    expect(cut).toEqual(['a', 'b']);
    expect(listenersOf(controller.signal)).toBe(0);
  });
});
