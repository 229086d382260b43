/** A daemon of capnhook, as a process that the benchmark owns. */
import { readFileSync } from 'node:fs';
import { capnhook } from './capnhook.mjs';
import { hasEnded, startProcess, until } from './process.mjs';

/**
 * Starts `capnhook drain --daemon`.
 * @param {{ spool: string, env: object }} made
 * @returns the child, as soon as it drains
 */
export async function startDaemon(bench, { spool, env }) {
  const daemon = startProcess(bench, capnhook('drain', '--daemon'), { env });
  await until(
    () => {
      if (hasEnded(daemon)) throw new Error(`the daemon has ended: ${daemon.said()}`);
      return lockText(spool).includes(`"pid":${daemon.pid},`);
    },
    { what: 'the daemon', timeoutMs: 20_000 },
  );
  return daemon;
}

/** The lock file says which process drains (docs/spool-format.md). */
function lockText(spool) {
  try {
    return readFileSync(`${spool}/lock`, 'utf8');
  } catch {
    return ''; // nobody has drained yet
  }
}

/**
 * How much memory a process has, in MB.
 * @returns {{ now: number, peak: number }} resident now, and the most there was
 */
export function memoryOf({ pid }) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]) / 1024;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}
