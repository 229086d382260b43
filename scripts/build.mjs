// Builds dist/: the command line as two bundles (`fire` alone, and the rest),
// the library as CommonJS with a thin ES module over it, and the types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/types', { recursive: true });

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20.18',
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  logLevel: 'warning',
};

await Promise.all([
  // On the way of every `fire`: short, ASCII, and a function that the launcher calls with the compiled code kept.
  build({
    ...shared,
    entryPoints: { fire: 'src/cli/entry-fire.ts' },
    outdir: 'dist',
    charset: 'ascii',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: '(function(exports,require,module){' },
    footer: { js: '})' },
  }),
  build({
    ...shared,
    entryPoints: { main: 'src/cli/entry-main.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
  }),
  build({
    ...shared,
    entryPoints: { index: 'src/index.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    packages: 'external',
  }),
]);

execFileSync(process.execPath, ['scripts/warm-fire.cjs'], { stdio: 'inherit' });

// One copy of the library's state and classes, however it is loaded.
const names = await exportedNames();
writeFileSync(
  'dist/index.mjs',
  `import library from './index.cjs';\nexport const { ${names.join(', ')} } = library;\n`,
);
writeFileSync('dist/index.d.mts', "export * from './types/index.js';\n");
writeFileSync('dist/types/package.json', '{ "type": "commonjs" }\n');
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });

async function exportedNames() {
  const { default: loaded } = await import('../dist/index.cjs');
  return Object.keys(loaded).sort();
}
