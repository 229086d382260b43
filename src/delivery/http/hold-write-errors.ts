import type { Socket } from 'node:net';

/** How long a failed write waits for an answer that is on its way, in ms. */
const HOLD_MS = 1_000;

type Callback = (error?: Error | null) => void;

/**
 * Keeps a failed write from destroying the socket before what it has received
 * was read. A receiver may answer before it has read a request, and close: then
 * a write fails with EPIPE or ECONNRESET while the answer is still in the
 * kernel. The error is reported as soon as the other side has ended, and after a
 * second at most.
 */
export function holdWriteErrors(socket: Socket): void {
  const { _write: write, _writev: writeMany } = socket;

  function heldBack(callback: Callback): Callback {
    return (error) => {
      if (error) hold(socket, () => callback(error));
      else callback();
    };
  }

  socket._write = (chunk, encoding, callback) => write.call(socket, chunk, encoding, heldBack(callback));
  if (writeMany !== undefined && writeMany !== null)
    socket._writev = (chunks, callback) => writeMany.call(socket, chunks, heldBack(callback));
}

function hold(socket: Socket, fail: () => void): void {
  if (socket.destroyed || socket.readableEnded) {
    fail();
    return;
  }
  const timer = setTimeout(end, HOLD_MS);
  function end(): void {
    clearTimeout(timer);
    socket.off('end', end);
    socket.off('close', end);
    fail();
  }
  socket.once('end', end);
  socket.once('close', end);
}
