import { describe, expect, test } from 'vitest';
import { type Connection, createIdleConnections } from '../../../src/delivery/http/connection.js';

function newConnection(origin: string): Connection & { open: boolean; destroyed: boolean } {
  const connection = {
    origin,
    open: true,
    destroyed: false,
    lateCode: () => undefined,
    isOpen: () => connection.open,
    post: () => undefined,
    soFar: () => undefined,
    restOfHead: () => Buffer.alloc(0),
    stopConnecting: () => {},
    destroy: async () => {
      connection.destroyed = true;
    },
  };
  return connection;
}

describe('createIdleConnections()', () => {
  test('take() gives the connection to the origin that was used last, each only once', () => {
    const idle = createIdleConnections({ max: 10 });
    const [a, b, other] = ['http://x', 'http://x', 'http://y'].map(newConnection);
    for (const connection of [a!, b!, other!]) idle.keep(connection);
    expect([idle.take('http://x'), idle.take('http://x'), idle.take('http://x')]).toEqual([b, a, undefined]);
    expect(idle.take('http://y')).toBe(other);
  });

  test('take() destroys connections that are closed', () => {
    const idle = createIdleConnections({ max: 10 });
    const [a, b] = ['http://x', 'http://x'].map(newConnection);
    for (const connection of [a!, b!]) idle.keep(connection);
    b!.open = false;
    expect(idle.take('http://x')).toBe(a);
    expect([a!.destroyed, b!.destroyed]).toEqual([false, true]);
  });

  test('keep() destroys the oldest when there are too many', () => {
    const idle = createIdleConnections({ max: 2 });
    const all = ['http://x', 'http://y', 'http://z'].map(newConnection);
    for (const connection of all) idle.keep(connection);
    expect(all.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    expect(idle.take('http://x')).toBeUndefined();
  });

  test('keep() destroys the oldest of an origin, and take() gives the others', () => {
    const idle = createIdleConnections({ max: 2 });
    const [a, b, c] = ['http://x', 'http://x', 'http://x'].map(newConnection);
    for (const connection of [a!, b!]) idle.keep(connection);
    expect(idle.take('http://x')).toBe(b);
    idle.keep(b!);
    idle.keep(c!);
    expect([a!, b!, c!].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    expect([idle.take('http://x'), idle.take('http://x'), idle.take('http://x')]).toEqual([c, b, undefined]);
  });
});
