import { describe, expect, test } from 'vitest';
import { type Connection, createIdleConnections } from '../../../src/delivery/http/connection.js';

function newConnection(key: string): Connection & { open: boolean; old: boolean; destroyed: boolean } {
  const connection = {
    key,
    open: true,
    destroyed: false,
    lateCode: () => undefined,
    old: false,
    isOpen: () => connection.open,
    isOld: () => connection.old,
    post: () => undefined,
    soFar: () => undefined,
    restOfHead: () => Buffer.alloc(0),
    isConnecting: () => false,
    cutOff: () => {},
    destroy: async () => {
      connection.destroyed = true;
    },
  };
  return connection;
}

describe('createIdleConnections()', () => {
  test('take() gives the connection that was used last under a key, each only once', () => {
    const idle = createIdleConnections();
    const [a, b, other] = ['http://x', 'http://x', 'http://y'].map(newConnection);
    for (const connection of [a!, b!, other!]) idle.keep(connection);
    expect([idle.take('http://x'), idle.take('http://x'), idle.take('http://x')]).toEqual([b, a, undefined]);
    expect(idle.take('http://y')).toBe(other);
  });

  test('take() destroys connections that are closed, or old', () => {
    const idle = createIdleConnections();
    const [a, b, c] = ['http://x', 'http://x', 'http://x'].map(newConnection);
    for (const connection of [a!, b!, c!]) idle.keep(connection);
    b!.open = false;
    c!.old = true;
    expect(idle.take('http://x')).toBe(a);
    expect([a!, b!, c!].map(({ destroyed }) => destroyed)).toEqual([false, true, true]);
  });

  test('dropOldest() destroys the one that is idle for longest', () => {
    const idle = createIdleConnections();
    idle.dropOldest();
    const all = ['http://x', 'http://y', 'http://z'].map(newConnection);
    for (const connection of all) idle.keep(connection);
    idle.dropOldest();
    expect(all.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    expect(idle.take('http://x')).toBeUndefined();
  });

  test('keep() destroys those that were closed meanwhile, where there are many', () => {
    const idle = createIdleConnections();
    const all = Array.from({ length: 400 }, (_, n) => newConnection(`http://x${n}`));
    for (const connection of all.slice(0, 200)) idle.keep(connection);
    for (const connection of all.slice(0, 100)) connection.open = false;
    for (const connection of all.slice(200)) idle.keep(connection);
    expect(all.filter(({ destroyed }) => destroyed)).toEqual(all.slice(0, 100));
  });

  test('dropOldest() destroys the oldest under a key, and take() gives the others', () => {
    const idle = createIdleConnections();
    const [a, b, c] = ['http://x', 'http://x', 'http://x'].map(newConnection);
    for (const connection of [a!, b!]) idle.keep(connection);
    expect(idle.take('http://x')).toBe(b);
    idle.keep(b!);
    idle.keep(c!);
    idle.dropOldest();
    expect([a!, b!, c!].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    expect([idle.take('http://x'), idle.take('http://x'), idle.take('http://x')]).toEqual([c, b, undefined]);
  });
});
