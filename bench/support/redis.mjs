/** Redis as durable as a spool: every command that changes something is on the disk before it is answered. */

import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { findCommand } from './commands.mjs';
import { hasEnded, startProcess, until } from './process.mjs';

/**
 * Starts a Redis with `appendfsync always`, in the line's directory, on a Unix socket there.
 * @returns {Promise<{ socket: string, flush(): Promise<void> }>} `flush` empties it, and its log
 */
export async function startRedis(bench) {
  const directory = `${bench.directory}/redis`;
  mkdirSync(directory);
  const socket = `${bench.directory}/redis.sock`;
  const settings = {
    port: 0,
    unixsocket: socket,
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    // A rewrite of the log would fall on one round, and not on the others.
    'auto-aof-rewrite-percentage': 0,
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const redis = startProcess(bench, [findCommand('redis-server'), ...args]);
  await until(
    async () => {
      if (hasEnded(redis)) throw new Error(`redis-server has ended: ${redis.out()}${redis.said()}`);
      return answers(socket);
    },
    { what: 'redis-server', timeoutMs: 10_000 },
  );
  return {
    socket,
    async flush() {
      await ask(socket, 'FLUSHALL');
      // Or else the log grows until the disk is full.
      await ask(socket, 'BGREWRITEAOF');
      await until(async () => (await ask(socket, 'INFO persistence')).includes('aof_rewrite_in_progress:0'), {
        what: 'the rewrite of the log',
        everyMs: 50,
      });
    },
  };
}

/** Says one command and gives the answer, which must fit into one piece. */
async function ask(path, command) {
  const socket = connect(path);
  try {
    socket.write(`${command}\r\n`);
    const [answer] = await once(socket, 'data');
    return String(answer);
  } finally {
    socket.destroy();
  }
}

async function answers(path) {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // not yet
  } finally {
    socket.destroy();
  }
}
