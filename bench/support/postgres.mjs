/** PostgreSQL as it is after installation, durable, in a directory of its own; it refuses to run as root. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { findCommand } from './commands.mjs';
import { cleanEnv } from './env.mjs';
import { hasEnded, startProcess, until } from './process.mjs';

/**
 * Starts PostgreSQL on a Unix socket, with the superuser `bench` and no password.
 * @returns {Promise<{ directory: string }>} where the socket is
 */
export async function startPostgres(bench) {
  const directory = `${bench.directory}/postgres`;
  const data = `${directory}/data`;
  mkdirSync(directory);
  const user = unprivileged();
  if (user) chownSync(directory, user.uid, user.gid);
  const options = { ...user, env: cleanEnv(), cwd: directory };
  const initdb = [findCommand('initdb'), '-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  execFileSync(initdb[0], initdb.slice(1), { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${directory}`];
  const postgres = startProcess(bench, [findCommand('postgres'), '-D', data, ...settings], options);
  await until(
    () => {
      if (hasEnded(postgres)) throw new Error(`postgres has ended: ${postgres.said()}`);
      return postgres.said().includes('ready to accept connections');
    },
    { what: 'postgres', everyMs: 50, timeoutMs: 30_000 },
  );
  return { directory };
}

/** The user that Debian's package makes, or else nobody; undefined if we are not root. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(found[2]), gid: Number(found[3]) };
}
