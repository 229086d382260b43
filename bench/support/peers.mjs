/** The peers from npm: installed beside the benchmarks, and not with the project. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));

/** Installs them if they are not there, or not in the versions of bench/package.json. */
export function installPeers() {
  if (areThere()) return;
  console.error('bench: installing the peers (npm ci in bench/)');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: here,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) console.error('bench: they could not be installed; the lines that need them will fail');
}

function areThere() {
  const { dependencies } = read('package.json');
  return Object.entries(dependencies).every(([name, version]) => {
    try {
      return read(`node_modules/${name}/package.json`).version === version;
    } catch {
      return false;
    }
  });
}

function read(path) {
  return JSON.parse(readFileSync(`${here}${path}`, 'utf8'));
}
