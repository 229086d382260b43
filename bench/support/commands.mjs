/** Which programs of the system there are, and which Debian package has those that are missing. */
import { accessSync, constants, readdirSync } from 'node:fs';

const packages = {
  curl: 'curl',
  dash: 'dash',
  initdb: 'postgresql',
  'mkfs.ext4': 'e2fsprogs',
  nginx: 'nginx',
  'nullmailer-inject': 'nullmailer',
  postgres: 'postgresql',
  'redis-server': 'redis-server',
  xargs: 'findutils',
};

/** Where Debian keeps what is in nobody's PATH. */
function directories() {
  const root = '/usr/lib/postgresql';
  let versions = [];
  try {
    versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  } catch {
    // There is no PostgreSQL, then.
  }
  return [...process.env.PATH.split(':'), '/usr/sbin', '/sbin', ...versions.map((v) => `${root}/${v}/bin`)];
}

/** The path of a program; undefined if it is not there. */
export function findCommand(name) {
  return directories()
    .map((directory) => `${directory}/${name}`)
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The Debian packages of those programs that are missing. */
export function missingPackages(names) {
  return [...new Set(names.filter((name) => findCommand(name) === undefined).map((name) => packages[name]))];
}
