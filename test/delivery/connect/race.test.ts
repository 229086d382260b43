import { createServer, Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectFirst } from '../../../src/delivery/connect/race.js';

/** Addresses for documentation (RFC 5737): what connects to one of these is told to the test. */
const [slow, quick, third] = ['192.0.2.1', '192.0.2.2', '2001:db8::1'] as const;

interface Opened {
  address: string;
  socket: Socket;
  at: number;
}

/** Opens sockets that wait until the test decides. */
function newOpener(onOpen: (opened: Opened) => void = () => {}) {
  const opened: Opened[] = [];
  return {
    opened,
    addresses: () => opened.map(({ address }) => address),
    open(address: string): Socket {
      const each = { address, socket: new Socket(), at: performance.now() };
      opened.push(each);
      queueMicrotask(() => onOpen(each));
      return each.socket;
    },
  };
}

const never: AbortSignal = new AbortController().signal;

function failWith(code: string): (opened: Opened) => void {
  return ({ socket }) => socket.destroy(Object.assign(new Error(code), { code }));
}

describe('connectFirst()', () => {
  test('connectFirst() does not give up a slow address because another one was started', async () => {
    const { open, opened } = newOpener(({ address, socket }) => {
      if (address === slow) setTimeout(() => socket.emit('connect'), 900);
    });
    const options = { port: 1, timeoutMs: 20_000, signal: never, open };
    const socket = await connectFirst([slow, quick], options);
    expect(socket).toBe(opened[0]!.socket);
    expect(opened[1]!.socket.destroyed).toBe(true);
  });

  test('connectFirst() starts the next address after 250 ms, and takes the first that connects', async () => {
    const { open, opened } = newOpener(({ address, socket }) => {
      if (address === quick) socket.emit('connect');
    });
    const options = { port: 1, timeoutMs: 20_000, signal: never, open };
    const socket = await connectFirst([slow, quick, third], options);
    expect(opened.map(({ address }) => address)).toEqual([slow, third, quick]);
    expect(socket).toBe(opened[2]!.socket);
    expect(opened[1]!.at - opened[0]!.at).toBeGreaterThan(200);
    expect(opened[0]!.socket.destroyed).toBe(true);
  });

  test('connectFirst() goes on immediately where an address is refused, with alternating families', async () => {
    const { open, addresses } = newOpener(failWith('ECONNREFUSED'));
    const options = { port: 1, timeoutMs: 600_000, signal: never, open };
    const end = connectFirst([slow, quick, third], options);
    await expect(end).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(addresses()).toEqual([slow, third, quick]);
  });

  test('connectFirst() fails with what tells of the receiver, not with what this machine has no way to', async () => {
    const { open } = newOpener((opened) =>
      failWith(opened.address === third ? 'ENETUNREACH' : 'ECONNREFUSED')(opened),
    );
    const options = { port: 1, timeoutMs: 600_000, signal: never, open };
    await expect(connectFirst([third, slow], options)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('connectFirst() tries every address within the time, however many there are', async () => {
    const { open, addresses, opened } = newOpener();
    const many = Array.from({ length: 20 }, (_, at) => `192.0.2.${at}`);
    const cut = new AbortController();
    const end = connectFirst(many, { port: 1, timeoutMs: 600, signal: cut.signal, open });
    setTimeout(() => cut.abort(new Error('over')), 1_500);
    await expect(end).rejects.toThrow('over');
    expect(addresses()).toEqual(many);
    expect(opened.filter(({ socket }) => !socket.destroyed)).toEqual([]);
  });

  test('connectFirst() keeps at most six attempts under way', async () => {
    const { open, opened } = newOpener();
    const cut = new AbortController();
    const many = Array.from({ length: 20 }, (_, at) => `192.0.2.${at}`);
    const end = connectFirst(many, { port: 1, timeoutMs: 400, signal: cut.signal, open });
    const most = { value: 0 };
    const watch = setInterval(() => {
      most.value = Math.max(most.value, opened.filter(({ socket }) => !socket.destroyed).length);
    }, 5);
    setTimeout(() => cut.abort(new Error('over')), 700);
    await expect(end).rejects.toThrow('over');
    clearInterval(watch);
    expect(most.value).toBe(6);
  });

  test('connectFirst() connects to a real server', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const socket = await connectFirst(['127.0.0.1'], { port, timeoutMs: 5_000, signal: never });
    expect(socket.remotePort).toBe(port);
    socket.destroy();
  });
});
