/**
 * Names that stand in `/etc/hosts`. They need neither a name server nor a
 * process, so they are found however many other look-ups hang. Where the
 * system's order (`/etc/nsswitch.conf`) does not begin with this file, it is
 * left to the system.
 */
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { ignoreErrno } from '../../shared/errors.js';

export interface HostsFile {
  /** The addresses of a name in the file's order; empty if it is not there. */
  addressesOf(name: string): readonly string[];
}

/** Reads the files again when they have changed. */
export function createHostsFile({
  hosts = '/etc/hosts',
  nsswitch = '/etc/nsswitch.conf',
}: {
  hosts?: string;
  nsswitch?: string;
} = {}): HostsFile {
  const order = createCached(nsswitch, comesFirst, true);
  const names = createCached(hosts, parseHosts, new Map<string, string[]>());
  return {
    addressesOf: (name) => (order() ? (names().get(name.toLowerCase()) ?? []) : []),
  };
}

/** Maps names in lower case to addresses. Lines that are not understood are passed over. */
export function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...given] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of given) {
      const known = names.get(name.toLowerCase());
      if (known === undefined) names.set(name.toLowerCase(), [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return names;
}

/** Whether the hosts file is asked first, and its answer is final. */
export function comesFirst(nsswitch: string): boolean {
  const services = /^\s*hosts:(.*)/m.exec(nsswitch)?.[1]?.replace(/#.*/, '').trim().split(/\s+/) ?? [];
  return services.length === 0 || (services[0] === 'files' && !services[1]?.startsWith('['));
}

/** What a file says, parsed; `missing` where it cannot be read. */
function createCached<T>(path: string, parse: (text: string) => T, missing: T): () => T {
  let stamp = '';
  let parsed = missing;
  return () => {
    try {
      const { mtimeMs, size, ino } = statSync(path);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (now !== stamp) {
        parsed = parse(readFileSync(path, 'utf8'));
        stamp = now;
      }
    } catch (error) {
      ignoreErrno(error); // the system may still know the name
      parsed = missing;
      stamp = '';
    }
    return parsed;
  };
}
