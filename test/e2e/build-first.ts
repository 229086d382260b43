/** Builds `dist/` before the end-to-end tests where it is missing or older than what it is built from. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const built = [
  'dist/fire.js',
  'dist/fire.js.cache',
  'dist/run.js',
  'dist/main.js',
  'dist/drain.js',
  'dist/page.js',
  'dist/page/page.js',
  'dist/program.js',
  'dist/index.cjs',
  'dist/index.mjs',
  'dist/types/index.d.ts',
];

export default function buildFirst(): void {
  const newestSource = Math.max(...sources().map(timeOf));
  const oldestBuilt = Math.min(...built.map(timeOf));
  if (oldestBuilt >= newestSource) return;
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: repository, stdio: 'inherit' });
}

function sources(): string[] {
  const files = readdirSync(join(repository, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return [
    ...files,
    'bin/capnhook.js',
    'scripts/build.mjs',
    'scripts/parts.mjs',
    'scripts/warm.cjs',
    'tsconfig.build.json',
    'package.json',
  ];
}

/** ms since the epoch; 0 for a file that is missing. */
function timeOf(path: string): number {
  return (
    statSync(join(path.startsWith('/') ? '' : repository, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
  );
}
