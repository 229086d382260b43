/** Debian's promtool, which knows the conventions of Prometheus: that of the system, or unpacked from its package. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where it is kept for the next run. */
const kept = join(tmpdir(), `capnhook-promtool-${process.getuid?.() ?? 'any'}`);

/** Finds promtool, or unpacks it from the package `prometheus`, without installing that. @returns its path, or why there is none */
export function findPromtool(): { path: string } | { missing: string } {
  if (spawnSync('promtool', ['--version']).status === 0) return { path: 'promtool' };
  const path = join(kept, 'usr/bin/promtool');
  if (existsSync(path)) return { path };
  const fresh = mkdtempSync(join(tmpdir(), 'capnhook-promtool-new-'));
  try {
    execFileSync('apt-get', ['-qq', 'download', 'prometheus'], { cwd: fresh, stdio: 'pipe' });
    execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile *.deb | tar -xf - ./usr/bin/promtool'], {
      cwd: fresh,
    });
    mkdirSync(join(kept, 'usr/bin'), { recursive: true });
    renameSync(join(fresh, 'usr/bin/promtool'), path);
    return { path };
  } catch (error) {
    return {
      missing: `promtool is not here, and Debian's package cannot be had: ${(error as Error).message}`,
    };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** What `promtool check metrics` says of metrics; an empty text if nothing is wrong with them. */
export function promtoolFindings(path: string, metrics: string): string {
  const { status, stdout, stderr } = spawnSync(path, ['check', 'metrics'], {
    input: metrics,
    encoding: 'utf8',
  });
  const said = `${stdout}${stderr}`.trim();
  return status === 0 ? said : said || `exit code ${status}`;
}
